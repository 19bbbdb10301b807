module github.com/seed-da40d5ac/supervise/examples/servers/gosrv

go 1.26.0

require (
	github.com/cloudflare/tableflip v1.2.3
	github.com/coreos/go-systemd/v22 v22.7.0
	github.com/facebookgo/grace v0.0.0-20180706040059-75cf19382434
	github.com/fvbock/endless v0.0.0-20170109170031-447134032cb6
	github.com/jpillora/overseer v1.1.6
	github.com/lestrrat/go-server-starter v0.0.0-20180220115249-6ac0b358431b
	github.com/rcrowley/goagain v0.0.0-20140424170347-f2f192b5d1a9
	github.com/seed-da40d5ac/supervise v0.0.0
)

require (
	github.com/StackExchange/wmi v0.0.0-20190523213315-cbe66965904d // indirect
	github.com/facebookgo/httpdown v0.0.0-00010101000000-000000000000 // indirect
	github.com/go-ole/go-ole v1.2.4 // indirect
	github.com/jpillora/s3 v1.1.4 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/facebookgo/httpdown => ./httpdown
	github.com/seed-da40d5ac/supervise => ../../..
)
