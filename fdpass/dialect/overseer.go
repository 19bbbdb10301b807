package dialect

import "strconv"

// overseer is what a master of jpillora/overseer tells its slave.
//
//	OVERSEER_IS_SLAVE=1  OVERSEER_NUM_FDS=2  OVERSEER_SLAVE_ID=<generation>  OVERSEER_BIN_PATH=<command>  sockets at 3, 4, …
//
// OVERSEER_BIN_ID, a hash of the binary that programs may log, is left out. The slave ends itself when its parent is
// gone, and sends it SIGUSR1 when it has let go of its sockets, or SIGUSR2 to be restarted: neither is meant for
// supervise, so a parent stands in for it.
//
// Source: overseer v1.1.6 overseer.go, proc_slave.go and proc_slave_others.go.
func overseer() dialect {
	return dialect{name: "overseer", tell: tellOverseer, always: true, traps: overseerTraps, owns: isOneOf(
		"OVERSEER_IS_SLAVE", "OVERSEER_NUM_FDS", "OVERSEER_SLAVE_ID", "OVERSEER_BIN_ID", "OVERSEER_BIN_PATH",
		"OVERSEER_BIN_CHECK", "GO_UPGRADE_BIN_CHECK")}
}

func tellOverseer(in Input, fds []int) (words, error) {
	if err := onlyStreams(in, Socket.isStream); err != nil {
		return words{}, err
	}
	w := words{parent: &Parent{Stay: true}, env: []string{
		"OVERSEER_IS_SLAVE=1",
		"OVERSEER_NUM_FDS=" + strconv.Itoa(len(fds)),
		"OVERSEER_SLAVE_ID=" + strconv.Itoa(in.Generation),
	}}
	if len(in.Command) > 0 {
		w.env = append(w.env, "OVERSEER_BIN_PATH="+in.Command[0])
	}
	return w, nil
}
