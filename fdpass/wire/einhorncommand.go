package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// command is a decoded line of einhorn's control socket.
type command struct {
	name string
	pid  int    // of worker:ack and worker:ping
	id   string // of the request; may be empty
}

// parseCommand reads a mapping of scalars, in JSON or in the YAML that einhorn and other clients write for it.
func parseCommand(line string) (command, error) {
	fields, err := parseMapping(unescape(line))
	if err != nil {
		return command{}, err
	}
	c := command{name: fields["command"], id: fields["id"]}
	switch c.name {
	case "":
		return c, fmt.Errorf("%w: no command", errProtocol)
	case "worker:ack", "worker:ping":
		if c.pid, err = strconv.Atoi(fields["pid"]); err != nil || c.pid < 1 {
			return c, fmt.Errorf("%w: %q is not a process id", errProtocol, fields["pid"])
		}
	}
	return c, nil
}

func parseMapping(text string) (map[string]string, error) {
	if fields, err := parseJSON(text); err == nil {
		return fields, nil
	}
	return parseYAML(text)
}

// parseJSON gives strings and numbers as text; what else is there is left out.
func parseJSON(text string) (map[string]string, error) {
	var values map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&values); err != nil {
		return nil, err
	}
	if d.More() || values == nil {
		return nil, fmt.Errorf("%w: it is not one object", errProtocol)
	}
	fields := map[string]string{}
	for key, value := range values {
		switch value := value.(type) {
		case string:
			fields[key] = value
		case json.Number:
			fields[key] = value.String()
		}
	}
	return fields, nil
}

// parseYAML reads the two forms in which a small mapping is written: "key: value" in each line after an optional "---",
// and "{key: value, key: value}".
func parseYAML(text string) (map[string]string, error) {
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(strings.TrimPrefix(text, "---"))
	text = strings.TrimSpace(strings.TrimSuffix(text, "\n..."))
	separator := "\n"
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		text, separator = text[1:len(text)-1], ","
	}
	fields := map[string]string{}
	for _, pair := range strings.Split(text, separator) {
		pair = strings.TrimSpace(pair)
		if pair == "" || strings.HasPrefix(pair, "#") {
			continue
		}
		key, value, err := parsePair(pair)
		if err != nil {
			return nil, err
		}
		if _, twice := fields[key]; twice {
			return nil, fmt.Errorf("%w: %q is there twice", errProtocol, key)
		}
		fields[key] = value
	}
	return fields, nil
}

// parsePair splits at the first ": "; a command has a colon without a space. Ruby writes a symbol as ":key".
func parsePair(pair string) (key, value string, err error) {
	key, value, found := strings.Cut(pair, ": ")
	if !found {
		return "", "", fmt.Errorf("%w: %q is not a key with a value", errProtocol, pair)
	}
	if key, err = parseScalar(strings.TrimPrefix(key, ":")); err != nil {
		return "", "", err
	}
	value, err = parseScalar(value)
	return key, value, err
}

// parseScalar takes quotes off. Escapes within them do not occur in what is said here.
func parseScalar(s string) (string, error) {
	s = strings.TrimSpace(s)
	for _, quote := range []string{`"`, `'`} {
		if !strings.HasPrefix(s, quote) && !strings.HasSuffix(s, quote) {
			continue
		}
		inner := strings.TrimSuffix(strings.TrimPrefix(s, quote), quote)
		if len(inner) != len(s)-2 || strings.ContainsAny(inner, `"'\`) {
			return "", fmt.Errorf("%w: %s is not a plain or quoted word", errProtocol, s)
		}
		return inner, nil
	}
	return s, nil
}
