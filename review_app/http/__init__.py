"""What all routes share: refusals as 4xx (errors), strict JSON bodies and checks of their fields (json_body), what
proxies say of a request (proxies), and the schemas of bodies (body_schema). Below them, bounds on connections
(connections) and the server that has them (bounded_server)."""
