package pipe

import "golang.org/x/sys/windows"

// Account is what people call a SID: "DOMAIN\name", and the SID itself where nobody knows a name for it.
func Account(sid string) string {
	s, err := windows.StringToSid(sid)
	if err != nil {
		return sid
	}
	name, domain, _, err := s.LookupAccount("")
	switch {
	case err != nil || name == "":
		return sid
	case domain == "":
		return name
	}
	return domain + `\` + name
}
