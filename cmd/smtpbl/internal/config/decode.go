package config

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// decode finds what is left of TOML's rules when every key and value is
// right, such as a [table] that dotted keys have made before.
func decode(data []byte) []problem {
	var anything map[string]any
	err := toml.Unmarshal(data, &anything)
	if err == nil {
		return nil
	}
	if wrong, ok := errors.AsType[*toml.DecodeError](err); ok {
		row, column := wrong.Position()
		start := offset(data, row, column)
		return []problem{{at: span{start, start + 1}, message: "syntax error: " + strings.TrimPrefix(wrong.Error(), "toml: ")}}
	}
	return []problem{{message: "syntax error: " + err.Error()}}
}

// offset finds a place given as a line and a column in bytes, both counted
// from 1.
func offset(data []byte, row, column int) int {
	at := 0
	for range row - 1 {
		next := bytes.IndexByte(data[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return min(len(data), at+max(column, 1)-1)
}
