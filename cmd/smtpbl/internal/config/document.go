package config

import (
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// span is a place in the file, in bytes.
type span struct{ start, end int }

// problem is a fault without its place in the file's lines.
type problem struct {
	at            span
	key           string
	message, hint string
}

// value is a TOML value with its place.
type value struct {
	kind  unstable.Kind
	text  string // decoded text of a string, as written for the others
	at    span
	items []value // of an array
}

// entry is a key with its value. The path joins table and key with dots.
type entry struct {
	path  []string
	keyAt span
	value value
	row   int // counted from 1 in a [[table]], else 0
}

// header is a [table] line.
type header struct {
	path []string
	at   span
	row  int // counted from 1 for a [[table]], else 0
}

// document is a file taken apart. go-toml's decoder stops at the first value
// of a wrong type; its parser knows where everything stands, which is what it
// takes to report all faults at once.
type document struct {
	entries  []entry
	headers  []header
	problems []problem // syntax: at most one, nothing behind it was read
}

// parseDocument takes a file apart.
func parseDocument(data []byte) document {
	var d document
	var p unstable.Parser
	p.Reset(data)
	var table header
	rows := map[string]int{}
	for p.NextExpression() {
		node := p.Expression()
		switch node.Kind { //nolint:exhaustive // top-level expressions are of these kinds only
		case unstable.Table, unstable.ArrayTable:
			table = header{}
			table.path, table.at = keyPath(node)
			if node.Kind == unstable.ArrayTable {
				name := strings.Join(table.path, ".")
				rows[name]++
				table.row = rows[name]
			}
			d.headers = append(d.headers, table)
		case unstable.KeyValue:
			d.keyValue(data, table, node)
		}
	}
	if syntax, ok := errors.AsType[*unstable.ParserError](p.Error()); ok {
		at := p.Range(syntax.Highlight)
		d.problems = append(d.problems, problem{
			at:      span{int(at.Offset), int(at.Offset + at.Length)},
			message: "syntax error: " + syntax.Message,
			hint:    syntaxHint(data, int(at.Offset)),
		})
	}
	return d
}

// syntaxHint explains the mistake that is made most: text without quotes.
func syntaxHint(data []byte, offset int) string {
	before := strings.TrimRight(string(data[:offset]), " \t")
	if offset < len(data) && strings.HasSuffix(before, "=") && isLetter(data[offset]) {
		return "text needs quotes, and true and false are written in lower case"
	}
	return ""
}

// keyValue records one key, or all keys of an inline table.
func (d *document) keyValue(data []byte, table header, node *unstable.Node) {
	path, keyAt := keyPath(node)
	path = append(append([]string(nil), table.path...), path...)
	raw := span{int(node.Raw.Offset), int(node.Raw.Offset + node.Raw.Length)}
	v := node.Value()
	if v.Kind == unstable.InlineTable {
		inline := header{path: path, at: keyAt}
		d.headers = append(d.headers, inline)
		for it := v.Children(); it.Next(); {
			d.keyValue(data, inline, it.Node())
		}
		return
	}
	d.entries = append(d.entries, entry{path: path, keyAt: keyAt, value: makeValue(v, valueSpan(data, keyAt, raw)), row: table.row})
}

// valueSpan is the part of a key-value expression behind the equals sign. The
// parser gives no place for arrays.
func valueSpan(data []byte, keyAt, raw span) span {
	start := keyAt.end
	for start < raw.end && strings.IndexByte(" \t=", data[start]) >= 0 {
		start++
	}
	return span{start, raw.end}
}

func makeValue(node *unstable.Node, at span) value {
	v := value{kind: node.Kind, text: string(node.Data), at: at}
	if node.Raw.Length > 0 && node.Kind != unstable.InlineTable {
		v.at = span{int(node.Raw.Offset), int(node.Raw.Offset + node.Raw.Length)}
	}
	if node.Kind == unstable.Array {
		for it := node.Children(); it.Next(); {
			v.items = append(v.items, makeValue(it.Node(), at))
		}
	}
	return v
}

// keyPath returns the parts of a possibly dotted key and its place.
func keyPath(node *unstable.Node) (path []string, at span) {
	for it := node.Key(); it.Next(); {
		part := it.Node()
		if len(path) == 0 {
			at.start = int(part.Raw.Offset)
		}
		at.end = int(part.Raw.Offset + part.Raw.Length)
		path = append(path, string(part.Data))
	}
	return path, at
}
