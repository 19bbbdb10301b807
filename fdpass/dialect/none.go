package dialect

// none says nothing: the sockets are at 3, 4, …, for programs that get the number in their arguments or
// configuration, by ${listener.web.fd}: HAProxy's bind fd@3, uvicorn --fd 3, caddy's bind fd/3.
func none() dialect { return dialect{name: "none"} }
