package dialect

// mixed is one socket of every kind that programs tell apart.
func mixed() Input {
	return Input{Sockets: []Socket{
		tcp("any", "", 80), {Name: "four", Network: "tcp4", Port: 81}, tcp("six", "::1", 82), tcp("one", "127.0.0.1", 83),
		unixAt("path", "/run/p.sock"), unixAt("abs", "@abs"), {Name: "dns", Network: "udp", Port: 53},
	}}
}

// with adds systemd's words for the seven of mixed.
func (p Plan) with(env ...string) Plan {
	said := []string{"LISTEN_FDS=7", "LISTEN_FDNAMES=any:four:six:one:path:abs:dns"}
	p.Numbers = []Number{{3, 0}, {4, 1}, {5, 2}, {6, 3}, {7, 4}, {8, 5}, {9, 6}}
	p.Env = append(said, env...)
	p.OwnPID, p.OwnPIDFDID = []string{"LISTEN_PID"}, []string{"LISTEN_PIDFDID"}
	return p
}
