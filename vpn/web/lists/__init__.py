"""The lists of gateways, connections and networks, on the engine of `console.core.web.lists`."""
