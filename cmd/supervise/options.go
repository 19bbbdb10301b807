package main

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"github.com/seed-da40d5ac/supervise/config"
)

// optionTexts are the options of a listener that are set, by the names they have in a configuration.
func optionTexts(l *config.Listener) map[string]string {
	texts := map[string]string{}
	options := reflect.ValueOf(l.Options)
	for i := range options.NumField() {
		value := options.Field(i)
		if value.IsZero() {
			continue
		}
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		texts[attributeName(options.Type().Field(i).Name)] = fmt.Sprint(value.Interface())
	}
	if l.Mode != 0 {
		texts["mode"] = fmt.Sprintf("%04o", l.Mode)
	}
	if l.Owner != "" {
		texts["owner"] = l.Owner
	}
	if l.Group != "" {
		texts["group"] = l.Group
	}
	return texts
}

// attributeName turns FreeBind into free_bind and TOS into tos.
func attributeName(field string) string {
	switch field {
	case "IPv6Only":
		return "ipv6_only"
	case "KeepAlive", "KeepAliveIdle", "KeepAliveInterval", "KeepAliveCount":
		field = strings.Replace(field, "KeepAlive", "Keepalive", 1)
	}
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 && !unicode.IsUpper(rune(field[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
