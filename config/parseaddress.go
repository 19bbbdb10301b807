package config

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParseAddress reads the URL form of an address, "tcp://127.0.0.1:8080". It is strict: host names, service names and
// unknown networks are errors that say what to write. Paths are kept as they are, relative ones too.
func ParseAddress(s string) (Address, error) {
	a, r := parseAddress(s)
	if r != nil {
		r.value = s
		return Address{}, r
	}
	return a, nil
}

func parseAddress(s string) (Address, *refusal) {
	network, rest, ok := strings.Cut(s, "://")
	if !ok {
		return Address{}, refuseScheme(s)
	}
	if !slices.Contains(networks, network) {
		return Address{}, refuseNetwork(network, rest)
	}
	a := Address{Network: network}
	switch {
	case a.isPipe():
		return a.withPipe(rest)
	case a.isPath():
		return a.withPath(rest)
	case network == "vsock":
		return a.withVsock(rest)
	}
	return a.withInet(rest)
}

// refuseScheme is for an address without "://": it guesses what was meant.
func refuseScheme(s string) *refusal {
	r := &refusal{cause: `it has no network before "://"`, advice: "write for example tcp://:8080 or unix:///run/app.sock"}
	if guess := guessScheme(s); guess != "" {
		r.advice = "write " + guess
	}
	return r
}

func guessScheme(s string) string {
	if strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "@") {
		return "unix://" + s
	}
	network, rest, ok := strings.Cut(s, ":")
	if n, right, cut := strings.Cut(s, "//"); cut && !strings.Contains(n, ":") {
		network, rest, ok = n, right, true
	}
	if ok && slices.Contains(networks, network) {
		rest = strings.TrimLeft(rest, "/")
		return cmp.Or(valid(network+"://"+rest), valid(network+"://:"+rest))
	}
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		return "tcp://:" + s
	}
	return valid("tcp://" + s)
}

// valid gives back an address that works and "" otherwise: no advice is better than a wrong one.
func valid(s string) string {
	if _, err := ParseAddress(s); err != nil {
		return ""
	}
	return s
}

func refuseNetwork(network, rest string) *refusal {
	r := &refusal{cause: fmt.Sprintf("there is no network %q", network), advice: "networks are " + strings.Join(networks, ", ")}
	switch guess := suggest(network, networks); {
	case slices.Contains([]string{"http", "https", "ws", "h2", "grpc"}, network):
		r.advice = "supervise passes the socket on and speaks no protocol itself: write tcp://" + strings.TrimSuffix(rest, "/")
	case guess != "":
		r.advice = fmt.Sprintf("did you mean %q?", guess+"://"+rest)
	}
	return r
}

func (a Address) withInet(rest string) (Address, *refusal) {
	host, port, r := splitPort(rest)
	if r != nil {
		return Address{}, r
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !isDigits(port) {
		return Address{}, refusePort(port, "65535")
	}
	a.Port = uint32(number)
	if host == "" {
		return a, nil
	}
	ip, r := parseIP(host)
	if r != nil {
		return Address{}, r
	}
	return a.withIP(ip)
}

// splitPort parts HOST:PORT and takes the brackets of an IPv6 literal off. Its pieces are not checked.
func splitPort(s string) (host, port string, r *refusal) {
	if bare, tail, found := strings.Cut(s, "/"); found {
		return "", "", &refusal{cause: fmt.Sprintf("there is %q after the port", "/"+tail), advice: "leave it out: " + strconv.Quote(bare)}
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 0 || strings.HasSuffix(s, "]") {
		return "", "", &refusal{cause: "it has no port", advice: "end it with :PORT, :0 lets the kernel choose"}
	}
	host, port = s[:colon], s[colon+1:]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1], port, refuseBrackets(host[1 : len(host)-1])
	}
	if strings.ContainsAny(host, ":[]") {
		r := &refusal{cause: "an IPv6 address needs brackets", advice: "write for example [::1]:8080"}
		if _, err := netip.ParseAddr(host); err == nil {
			r.advice = "write [" + host + "]:" + port
		}
		return "", "", r
	}
	return host, port, nil
}

func refuseBrackets(inside string) *refusal {
	if strings.Contains(inside, ":") {
		return nil
	}
	return &refusal{cause: fmt.Sprintf("there is no IPv6 address in the brackets, but %q", inside), advice: "brackets are for IPv6 only"}
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == "" && (s == "0" || s[0] != '0')
}

func refusePort(port, last string) *refusal {
	return &refusal{cause: fmt.Sprintf("%q is no port", port), advice: "a port is a decimal number from 0 to " + last + "; names of services are not looked up"}
}

func parseIP(host string) (netip.Addr, *refusal) {
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil:
		return ip, nil
	case host == "*":
		return ip, &refusal{cause: `"*" is no IP address`, advice: "leave the host out for every address of the machine"}
	case host == "localhost":
		return ip, &refusal{cause: `"localhost" is a name`, advice: "write 127.0.0.1 or [::1]"}
	}
	return ip, &refusal{
		cause:  fmt.Sprintf("%q is no IP address", host),
		advice: "names are not looked up, their address can change: write the IP address, or leave the host out for every address of the machine",
	}
}

// withIP checks what bind(2) would refuse later: a family that does not fit, and zones.
func (a Address) withIP(ip netip.Addr) (Address, *refusal) {
	four := strings.HasSuffix(a.Network, "4")
	six := strings.HasSuffix(a.Network, "6")
	base := strings.TrimRight(a.Network, "46")
	switch {
	case ip.Is4In6():
		return Address{}, &refusal{cause: fmt.Sprintf("%s is an IPv4 address in IPv6 form", ip), advice: "write " + ip.Unmap().String()}
	case four && !ip.Is4():
		return Address{}, &refusal{cause: fmt.Sprintf("%s is IPv4 only, %s is IPv6", a.Network, ip), advice: "write " + base + ":// or " + base + "6://"}
	case six && ip.Is4():
		return Address{}, &refusal{cause: fmt.Sprintf("%s is IPv6 only, %s is IPv4", a.Network, ip), advice: "write " + base + ":// or " + base + "4://"}
	case ip.Zone() != "" && !isLinkLocal(ip):
		return Address{}, &refusal{cause: "only a link-local address has a zone", advice: "leave %" + ip.Zone() + " out; bind_device ties a listener to a device"}
	case ip.Zone() == "" && ip.Is6() && ip.IsLinkLocalUnicast():
		return Address{}, &refusal{cause: "a link-local address exists once per device (bind(2) answers EINVAL)", advice: "add the device: [" + ip.String() + "%eth0]"}
	}
	if !ip.IsUnspecified() || ip.Is4() && !four {
		a.Host = ip.String()
	}
	return a, nil
}

func isLinkLocal(ip netip.Addr) bool {
	return ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() || ip.IsInterfaceLocalMulticast()
}

func (a Address) withVsock(rest string) (Address, *refusal) {
	cid, port, ok := strings.Cut(rest, ":")
	if !ok {
		return Address{}, &refusal{cause: "it has no port", advice: "write vsock://CID:PORT, or vsock://:PORT for any CID"}
	}
	number, err := strconv.ParseUint(port, 10, 32)
	if err != nil || !isDigits(port) || number > maxVsockPort {
		return Address{}, refusePort(port, strconv.FormatUint(maxVsockPort, 10))
	}
	a.Port = uint32(number)
	if cid == "" {
		return a, nil
	}
	id, err := strconv.ParseUint(cid, 10, 32)
	if err != nil || !isDigits(cid) {
		return Address{}, &refusal{cause: fmt.Sprintf("%q is no context id", cid), advice: "a CID is a decimal number, vsock(7); leave it out for any"}
	}
	if id != anyCID {
		a.Host = cid
	}
	return a, nil
}

// withPipe reads the name of a named pipe: any character but a backslash, CreateNamedPipe. A slash looks like a folder, and is none.
func (a Address) withPipe(name string) (Address, *refusal) {
	a.Path = name
	const advice = "write for example pipe://app"
	bare := name[strings.LastIndexAny(name, `\/`)+1:]
	switch {
	case name == "":
		return Address{}, &refusal{cause: "it has no name", advice: advice}
	case bare != name && bare != "":
		return Address{}, &refusal{cause: "a named pipe has a name and no path", advice: "write pipe://" + bare}
	case bare != name || strings.ContainsFunc(name, unicode.IsControl):
		return Address{}, &refusal{cause: fmt.Sprintf("%q is no name of a pipe", shorten(name)), advice: advice}
	case utf8.RuneCountInString(name) > maxPipeName:
		return Address{}, &refusal{cause: fmt.Sprintf("the name has %d characters, %d are possible", utf8.RuneCountInString(name), maxPipeName), advice: "use a shorter name"}
	}
	return a, nil
}

func (a Address) withPath(path string) (Address, *refusal) {
	a.Path = path
	switch {
	case path == "" || path == "@":
		return Address{}, &refusal{cause: "it has no path", advice: "write for example " + a.Network + ":///run/app." + map[bool]string{true: "fifo", false: "sock"}[a.isFIFO()]}
	case strings.ContainsRune(path, 0):
		return Address{}, &refusal{cause: "it has a NUL byte"}
	case a.isAbstract():
		return a, refuseLength(a, path[1:], maxAbstractName)
	case a.isFIFO() && path[0] == '@':
		return Address{}, &refusal{cause: "a FIFO has no abstract name", advice: "for a file whose name starts with @ write fifo://./" + path}
	case slices.Contains([]string{"", ".", ".."}, path[strings.LastIndexByte(path, '/')+1:]):
		return Address{}, &refusal{cause: "it names a folder", advice: "name the file in it"}
	case a.isFIFO():
		return a, refuseLength(a, path, maxPath)
	}
	return a, refuseLength(a, path, maxSocketPath)
}

func refuseLength(a Address, path string, most int) *refusal {
	if len(path) <= most {
		return nil
	}
	r := &refusal{
		cause:  fmt.Sprintf("the path is %d bytes long, the kernel takes %d (ENAMETOOLONG)", len(path), most),
		advice: "use a shorter path",
	}
	if a.isUnix() && !a.isAbstract() {
		r.advice = "use a shorter path, for example in /run, unix(7)"
	}
	return r
}

// under makes a relative path absolute: it is meant relative to the folder of the configuration file.
func (a Address) under(p paths) (Address, *refusal) {
	if !a.hasFile() {
		return a, nil
	}
	full, r := p.absolute(a.Path)
	if r != nil {
		return a, r
	}
	most := maxSocketPath
	if a.isFIFO() {
		most = maxPath
	}
	a.Path = full
	return a, refuseLength(a, a.Path, most)
}
