package dialect

import "strconv"

// puma is how a puma hands its sockets to itself when it restarts.
//
//	PUMA_INHERIT_0="3:tcp://0.0.0.0:9292"  PUMA_INHERIT_1="4:unix:///run/x.sock"
//
// It takes a socket only for the bind that is the same text, and closes the others.
//
// Source: puma lib/puma/binder.rb, create_inherited_fds and parse.
func puma() dialect {
	return dialect{name: "puma", tell: tellPuma, owns: ownsPuma, notes: pumaNotes}
}

func tellPuma(in Input, fds []int) (words, error) {
	w := words{silent: silentUnless(in, rubyHas)}
	for i, s := range in.Sockets {
		if rubyHas(s) {
			w.env = append(w.env, "PUMA_INHERIT_"+strconv.Itoa(len(w.env))+"="+strconv.Itoa(fds[i])+":"+s.bindURL())
		}
	}
	return w, nil
}

func ownsPuma(key string) bool { return numbered(key, "PUMA_INHERIT_") }
