//go:build unix && !linux

package stage

// beParent is for Linux: elsewhere nobody adopts the command when its parent goes.
func (c *child) beParent() error {
	return &Failure{Op: "start a parent for", Object: c.plan.Command[0], Cause: "not supported on this system"}
}
