"""The running mechanism: orders down each chain of command, declarations, and who may see what of them."""
