package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed-da40d5ac/supervise/config"
)

// flagError says what a flag takes where the parser of numbers speaks of itself, and knows the hyphen of kill(1).
func flagError(cmd *cobra.Command, err error) error {
	var number *strconv.NumError
	var unknown interface{ GetSpecifiedShortnames() string }
	switch {
	case errors.As(err, &number):
		return usage(cmd, "%s%s", strings.TrimSuffix(err.Error(), number.Error()), wanted(number))
	case errors.As(err, &unknown) && cmd.Name() == "signal" && isSignal(unknown.GetSpecifiedShortnames()):
		return usage(cmd, "unknown flag: -%s (write the signal without the hyphen: %[1]s)", unknown.GetSpecifiedShortnames())
	}
	return usage(cmd, "%v", err)
}

func wanted(e *strconv.NumError) string {
	switch {
	case errors.Is(e, strconv.ErrRange):
		return "the number is too large"
	case e.Func == "ParseBool":
		return "it must be true or false"
	}
	return "it must be a whole number"
}

func isSignal(name string) bool {
	_, err := config.ParseSignal(name)
	return err == nil
}
