//go:build linux

package main

// servers is the table.
var servers = []server{
	{name: "nginx", programs: []string{"nginx"}, install: "nginx-light", handoff: "nginx", port: 8101, keeps: true},
	{name: "haproxy", programs: []string{"haproxy"}, install: "haproxy", handoff: "number in `bind fd@`", port: 8102, keeps: true},
	{name: "lighttpd", programs: []string{"lighttpd"}, install: "lighttpd", handoff: "systemd", port: 8103, keeps: true},
	{name: "php-fpm", programs: []string{"php-fpm8.2"}, install: "php-fpm", handoff: "php-fpm", port: 8104, keeps: true, fastCGI: true},
	{name: "uwsgi", programs: []string{"uwsgi"}, install: "uwsgi-core uwsgi-plugin-python3", handoff: "systemd", port: 8105},
	{name: "gunicorn", programs: []string{"gunicorn"}, install: "gunicorn", handoff: "systemd", port: 8106, keeps: true},
	{name: "uvicorn", programs: []string{"uvicorn"}, install: "uvicorn", handoff: "number in `--fd`", port: 8107},
	{name: "hypercorn", programs: []string{"hypercorn"}, install: "python3-hypercorn", handoff: "number in `--bind`", port: 8108},
	{name: "puma", programs: []string{"puma"}, install: "puma ruby-sd-notify", handoff: "systemd", port: 8109, keeps: true},
	{name: "unicorn", programs: []string{"unicorn"}, install: "unicorn", handoff: "systemd", port: 8110, keeps: true},
	{name: "node", programs: []string{"node"}, install: "nodejs", handoff: "number in an argument", port: 8111, keeps: true},
	{name: "starlet", programs: []string{"plackup"}, install: "starlet", handoff: "server-starter", port: 8112, keeps: true},
	{name: "starman", programs: []string{"starman"}, install: "starman", handoff: "server-starter", port: 8113},
	{name: "h2o", programs: []string{"h2o"}, install: "h2o", handoff: "server-starter", port: 8114, keeps: true},
	{name: "python", programs: []string{"python3"}, install: "python3", handoff: "number in an argument", port: 8115, keeps: true},
}
