package dialect

import (
	"fmt"
	"strconv"
	"strings"
)

// fpmSetSize is how many sockets one variable of php-fpm holds, and fpmSets how many variables it reads.
const (
	fpmSetSize = 128
	fpmSets    = 256
)

// phpFPM is how a php-fpm master hands its sockets to the next one.
//
//	FPM_SOCKETS="127.0.0.1:9000=3,:::9001=4,/run/php.sock=5"     128 in a variable; then
//	FPM_SOCKETS_1=…  FPM_SOCKETS_2=…
//
// The key is what a pool's listen resolves to: inet_ntop(3) of the address, ":" and the port, IPv6 without
// brackets; or the path.
//
// Source: php-src sapi/fpm/fpm/fpm_sockets.c, fpm_sockets_init_main and fpm_sockets_hash_op; fpm_sockets.h.
func phpFPM() dialect {
	return dialect{name: "php-fpm", tell: tellFPM, owns: ownsFPM, notes: fpmNotes}
}

func tellFPM(in Input, fds []int) (words, error) {
	w := words{silent: silentUnless(in, fpmHas)}
	var pairs []string
	for i, s := range in.Sockets {
		if !fpmHas(s) {
			continue
		}
		if err := checkFPMPath(s); err != nil {
			return words{}, err
		}
		pairs = append(pairs, fpmKey(s)+"="+strconv.Itoa(fds[i]))
	}
	if len(pairs) > fpmSetSize*fpmSets {
		return words{}, fmt.Errorf("it passes at most %d listeners, and the service has %d", fpmSetSize*fpmSets, len(pairs))
	}
	for set := 0; len(pairs) > 0; set++ {
		n := min(fpmSetSize, len(pairs))
		w.env = append(w.env, fpmVariable(set)+"="+strings.Join(pairs[:n], ","))
		pairs = pairs[n:]
	}
	return w, nil
}

func fpmVariable(set int) string {
	if set == 0 {
		return "FPM_SOCKETS"
	}
	return "FPM_SOCKETS_" + strconv.Itoa(set)
}

func fpmHas(s Socket) bool { return s.isTCP() || s.isPath() }

func fpmKey(s Socket) string {
	if s.isTCP() {
		return s.anyHost() + ":" + s.port()
	}
	return s.Path
}

// checkFPMPath refuses paths that php-fpm would cut elsewhere or take for an address.
func checkFPMPath(s Socket) error {
	if i := strings.IndexAny(s.Path, ",=:"); i >= 0 {
		return fmt.Errorf("path %q of listener %q contains %q, which has a meaning there (choose another path)", s.Path, s.Name, s.Path[i:i+1])
	}
	return nil
}

func ownsFPM(key string) bool { return key == "FPM_SOCKETS" || numbered(key, "FPM_SOCKETS_") }
