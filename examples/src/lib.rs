//! Examples of `context-vars`: see the files beside this folder.
