package main

import (
	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
)

// logger logs to standard error; standard output is the workers'.
func (a *app) logger(c config.Log) hclog.Logger {
	colour := hclog.ColorOff
	if a.paint(a.err).On && c.Format != "json" {
		colour = hclog.ForceColor
	}
	return hclog.New(&hclog.LoggerOptions{
		Output: a.err, Level: hclog.LevelFromString(c.Level), JSONFormat: c.Format == "json",
		Color: colour, ColorHeaderOnly: true,
	})
}
