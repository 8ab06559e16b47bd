package config

import (
	"encoding/json"
	"fmt"
	"strings"
)

// TOML returns the effective values as a file that Parse reads back to the
// same Config.
func (c Config) TOML() []byte {
	var b strings.Builder
	current := ""
	for _, k := range keys {
		table, name := splitPath(k.path)
		if table != current {
			fmt.Fprintf(&b, "\n[%s]\n", table)
			current = table
		}
		fmt.Fprintf(&b, "%s = %s\n", name, literal(k.show(&c)))
	}
	for i := range c.Ingest.Detectors {
		fmt.Fprintf(&b, "\n[[%s]]\n", detectorTable)
		for _, k := range detectorKeys {
			fmt.Fprintf(&b, "%s = %s\n", k.path, literal(k.show(&c.Ingest.Detectors[i])))
		}
	}
	return []byte(b.String())
}

// MarshalJSON returns the effective values under the names of the file, with
// durations as text.
func (c Config) MarshalJSON() ([]byte, error) {
	top := map[string]any{}
	for _, k := range keys {
		table, name := splitPath(k.path)
		in := top
		if table != "" {
			nested, ok := top[table].(map[string]any)
			if !ok {
				nested = map[string]any{}
				top[table] = nested
			}
			in = nested
		}
		in[name] = k.show(&c)
	}
	if in, ok := top["ingest"].(map[string]any); ok {
		in["detector"] = detectorsJSON(c.Ingest.Detectors)
	}
	return json.Marshal(top)
}

func detectorsJSON(detectors []Detector) []any {
	list := make([]any, len(detectors))
	for i := range detectors {
		one := map[string]any{}
		for _, k := range detectorKeys {
			one[k.path] = k.show(&detectors[i])
		}
		list[i] = one
	}
	return list
}

// literal writes what a codec shows.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = literal(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprint(v)
}

// quote writes a basic string (toml.io, v1.0.0, String).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
