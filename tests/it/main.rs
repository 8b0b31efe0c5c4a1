//! Behaviour tests of `context-vars`, one module per behaviour.
