//go:build linux

package wire

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMultibinder(t *testing.T) {
	four, six, dual := listener(t, "tcp4", "127.0.0.1"), listener(t, "tcp6", "::1"), listener(t, "tcp", "")
	any4, udp := listener(t, "tcp4", "0.0.0.0"), listener(t, "udp4", "127.0.0.1")
	s := newShelf(t, named(t, "four", four), named(t, "six", six), named(t, "dual", dual), named(t, "any4", any4), named(t, "udp", udp))
	ask := func(host string, port uint32) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","method":"bind","id":"7","params":[{"address":%q,"port":%d,"backlog":5}]}`, host, port)
	}
	const ok = `{"jsonrpc":"2.0","id":"7","result":true}`
	none := func(host string, port uint32) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":"7","error":{"code":10000,"message":"Could not bind: no listener has %s:%d"}}`, host, port)
	}
	for name, c := range map[string]struct {
		say, answer string
		gets        uint64
	}{
		"the very one":       {ask("127.0.0.1", four.Address().Port), ok, inode(t, four.Descriptor())},
		"IPv6":               {ask("::1", six.Address().Port), ok, inode(t, six.Descriptor())},
		"IPv6, spelt out":    {ask("0:0:0:0:0:0:0:1", six.Address().Port), ok, inode(t, six.Descriptor())},
		"every address":      {ask("0.0.0.0", any4.Address().Port), ok, inode(t, any4.Descriptor())},
		"both for IPv4":      {ask("0.0.0.0", dual.Address().Port), ok, inode(t, dual.Descriptor())},
		"both":               {ask("::", dual.Address().Port), ok, inode(t, dual.Descriptor())},
		"one of every":       {ask("127.0.0.1", dual.Address().Port), none("127.0.0.1", dual.Address().Port), 0},
		"IPv4 for both":      {ask("::", any4.Address().Port), none("[::]", any4.Address().Port), 0},
		"datagrams":          {ask("127.0.0.1", udp.Address().Port), none("127.0.0.1", udp.Address().Port), 0},
		"a name":             {ask("localhost", four.Address().Port), none("localhost", four.Address().Port), 0},
		"a port in a string": {fmt.Sprintf(`{"method":"bind","id":"7","params":[{"address":"127.0.0.1","port":"%d"}]}`, four.Address().Port), ok, inode(t, four.Descriptor())},
		"a number as id":     {`{"method":"bind","id":7,"params":[]}`, `{"jsonrpc":"2.0","id":7,"error":{"code":-32602,"message":"bind takes one address"}}`, 0},
		"no id":              {`{"method":"list"}`, `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found: \"list\""}}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			data, list, err := answered(t, "multibinder", s, nil, part{c.say, 0})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.answer, string(data)); diff != "" {
				t.Error(diff)
			}
			if got := len(list) == 1 && inode(t, list[0]) == c.gets; got != (c.gets != 0) {
				t.Errorf("%d descriptors came, expected was inode %d", len(list), c.gets)
			}
		})
	}
}

// TestMultibinderOneByOne: a request may come in pieces, and several in one.
func TestMultibinderOneByOne(t *testing.T) {
	four := listener(t, "tcp4", "127.0.0.1")
	say := fmt.Sprintf(`{"method":"bind","id":1,"params":[{"address":"127.0.0.1","port":%d}]}`, four.Address().Port)
	var parts []part
	for _, b := range []byte(say) {
		parts = append(parts, part{string(b), 0})
	}
	parts = append(parts, part{say + "\n" + say, 0})
	data, list, err := answered(t, "multibinder", newShelf(t, named(t, "four", four)), nil, parts...)
	if want := strings.Repeat(`{"jsonrpc":"2.0","id":1,"result":true}`, 3); string(data) != want || len(list) != 3 || err != nil {
		t.Errorf("got %q with %d descriptors, %v", data, len(list), err)
	}
}

func TestMultibinderStoreFails(t *testing.T) {
	s := newShelf(t)
	s.fail = ErrDenied
	data, _, err := answered(t, "multibinder", s, nil, part{`{"method":"bind","id":1,"params":[{"address":"::1","port":1}]}`, 0})
	var answer rpcAnswer
	if err := json.Unmarshal(data, &answer); err != nil || answer.Error == nil || answer.Error.Code != rpcFailed || answer.Error.Message != "Could not bind: "+ErrDenied.Error() {
		t.Errorf("got %q %v", data, err)
	}
	if err != nil {
		t.Error(err)
	}
}

// rubyBinder does what MultiBinder's own library does, which is no package of Debian.
const rubyBinder = `require 'json'; require 'socket'; require 'securerandom'
binder = UNIXSocket.open(ARGV[0])
binder.sendmsg JSON.dump({ :jsonrpc => '2.0', :method => 'bind', :id => SecureRandom.uuid,
  :params => [{ :address => ARGV[1], :port => ARGV[2].to_i }] }, 0, nil)
msg, _, _, ctl = binder.recvmsg(:scm_rights => true)
response = JSON.parse(msg)
raise response['error']['message'] if response['error']
print File.readlink("/proc/self/fd/#{ctl.unix_rights[0].fileno}")`

func TestProcMultibinder(t *testing.T) {
	four := listener(t, "tcp4", "127.0.0.1")
	path, ends := at(t, "multibinder", newShelf(t, named(t, "four", four)))
	out, err := output(t, "ruby", "ruby", "-e", rubyBinder, path, "127.0.0.1", fmt.Sprint(four.Address().Port))
	if want := fmt.Sprintf("socket:[%d]", inode(t, four.Descriptor())); out != want || err != nil {
		t.Errorf("got %q %v, want %q", out, err, want)
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
	out, err = output(t, "ruby", "ruby", "-e", rubyBinder, path, "127.0.0.1", "1")
	if err == nil || !strings.Contains(out, "Could not bind: no listener has 127.0.0.1:1") {
		t.Errorf("got %q %v", out, err)
	}
}
