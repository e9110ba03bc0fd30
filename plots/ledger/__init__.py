"""Charts of the ledgers of `fanin kernels`: instructions per request on several kernels."""
