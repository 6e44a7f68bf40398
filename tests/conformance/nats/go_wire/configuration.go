package test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"sort"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Options that no configuration has a key for: what a server writes, and what only one inside the
// test could do.
var withoutKey = map[string]bool{
	"ConfigFile": true, "NoLog": true, "NoSigs": true, "Trace": true, "Debug": true,
	"DisableShortFirstPing": true, "TLSConfig": true, "TLS": true,
}

// How the options that tests set are written in a configuration.
var keys = map[string]string{
	"Host": "host", "Port": "port", "ClientAdvertise": "client_advertise",
	"HTTPHost": "", "HTTPPort": "", // one key, see monitoring
	"MaxControlLine": "max_control_line", "MaxPayload": "max_payload",
	"PingInterval": "ping_interval", "MaxPingsOut": "ping_max",
	"NoSystemAccount": "no_system_account",
	"Authorization":   "authorization.token", "Username": "authorization.user",
	"Password": "authorization.password", "AuthTimeout": "authorization.timeout",
	"TLSCert": "tls.cert_file", "TLSKey": "tls.key_file", "TLSCaCert": "tls.ca_file",
	"TLSTimeout": "tls.timeout",
}

// changesOf returns what differs from the configuration file that the options were read from, or
// from nothing, and the options as they were.
func changesOf(opts *server.Options) (map[string]any, *server.Options) {
	before := &server.Options{}
	if opts.ConfigFile != "" {
		before = LoadConfig(opts.ConfigFile)
	}
	changed := map[string]any{}
	was, is := reflect.ValueOf(before).Elem(), reflect.ValueOf(opts).Elem()
	for i := 0; i < is.NumField(); i++ {
		field := is.Type().Field(i)
		if !field.IsExported() || withoutKey[field.Name] {
			continue
		}
		if value := is.Field(i).Interface(); !same(was.Field(i).Interface(), value) {
			changed[field.Name] = value
		}
	}
	return changed, before
}

// same compares what a program can. Of users and accounts, which point to one another and hold locks,
// only how many there are: no test changes those of a file.
func same(a, b any) bool {
	if was, is := reflect.ValueOf(a), reflect.ValueOf(b); is.Kind() == reflect.Slice {
		return was.Len() == is.Len()
	}
	return reflect.DeepEqual(a, b) || fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b)
}

// configurationOf writes the options as a configuration: the text of the file they came from, if
// any, and what was changed since. It panics on an option that it does not know how to write.
func configurationOf(opts *server.Options) string {
	text := ""
	if opts.ConfigFile != "" {
		content, err := os.ReadFile(opts.ConfigFile)
		if err != nil {
			panic(err)
		}
		text = string(content) + "\n"
	}
	changed, before := changesOf(opts)
	names := []string{}
	for name := range changed {
		names = append(names, name)
	}
	sort.Strings(names)
	if before.Username != "" && opts.Username == "" {
		text = withoutBlock(text, "authorization")
	}
	blocks := map[string]string{}
	for _, name := range names {
		key, known := keys[name]
		if !known {
			panic(fmt.Sprintf("option %s = %v is not one that we can write", name, changed[name]))
		}
		block, inner, nested := strings.Cut(key, ".")
		if nested && !reflect.ValueOf(changed[name]).IsZero() {
			blocks[block] += fmt.Sprintf("  %s: %s\n", inner, written(changed[name]))
		} else if !nested && key != "" {
			text += fmt.Sprintf("%s: %s\n", key, written(changed[name]))
		}
	}
	for _, block := range []string{"authorization", "tls"} {
		if blocks[block] != "" {
			text = withBlock(text, block, blocks[block])
		}
	}
	if _, is := changed["HTTPPort"]; is && opts.HTTPPort != 0 {
		text += fmt.Sprintf("http: \"%s:%d\"\n", opts.HTTPHost, opts.HTTPPort)
	}
	return text
}

// written is a value in the configuration's grammar; paths stay relative to the test's folder.
func written(value any) string {
	switch of := value.(type) {
	case string:
		if strings.HasPrefix(of, "configs/") {
			of, _ = filepath.Abs(of)
		}
		return fmt.Sprintf("%q", of)
	case fmt.Stringer: // a duration
		return fmt.Sprintf("%q", of.String())
	default:
		return fmt.Sprint(of)
	}
}

// blockOf finds `name { ... }` at the top level: where its name begins and where its brace closes.
func blockOf(text, name string) (int, int) {
	start := regexp.MustCompile(`(?m)^` + name + `\s*[:=]?\s*\{`).FindStringIndex(text)
	if start == nil {
		return -1, -1
	}
	depth := 1
	for i := start[1]; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return start[0], i
			}
		}
	}
	panic("a block " + name + " that does not end")
}

// withBlock adds lines to a block, at its end so that they win, or adds the block.
func withBlock(text, name, lines string) string {
	if _, end := blockOf(text, name); end >= 0 {
		return text[:end] + "\n" + lines + text[end:]
	}
	return text + name + " {\n" + lines + "}\n"
}

func withoutBlock(text, name string) string {
	if start, end := blockOf(text, name); end >= 0 {
		return text[:start] + text[end+1:]
	}
	return text
}
