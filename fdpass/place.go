package fdpass

// CheckPlace says what the address of a socket does not tell: that it is bound to another network interface than spec, or lives in
// another network namespace than this process, so that other clients reach it. nil says that it is at the place that spec means.
func CheckPlace(d *Descriptor, spec Spec) error {
	return d.Use(func(fd int) error { return checkPlace(fd, spec) })
}
