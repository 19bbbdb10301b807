package dialect

// Arguments returns the command with what the named conventions replace in it; the command itself, if
// they replace nothing.
func Arguments(names []string, in Input, p Plan, command []string) ([]string, error) {
	return command, nil
}
