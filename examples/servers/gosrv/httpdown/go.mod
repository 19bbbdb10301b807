module github.com/facebookgo/httpdown

go 1.26.0

require github.com/seed-da40d5ac/supervise v0.0.0
