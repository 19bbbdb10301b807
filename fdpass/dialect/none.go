package dialect

// none says nothing: the sockets are at 3, 4, …, for programs that get the number in their arguments or
// configuration, by ${listener.web.fd}: HAProxy's bind fd@3, uvicorn --fd 3, caddy's bind fd/3. On Windows the
// number is the value of the inherited handle.
func none(system string) dialect {
	d := dialect{name: "none"}
	if system == windows {
		d.fds = fdsHandles
	}
	return d
}
