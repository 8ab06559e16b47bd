package config

import (
	"fmt"
	"slices"
	"strings"
)

// keyNamed returns the key of a path, or nil.
func keyNamed(path string) *key {
	for i := range keys {
		if keys[i].path == path {
			return &keys[i]
		}
	}
	return nil
}

// splitPath takes a path apart at its last dot. Keys at the top of the file
// have an empty table.
func splitPath(path string) (table, name string) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// tables lists the names of the tables in the order of the reference file.
func tables() []string {
	var out []string
	for _, k := range keys {
		table, _ := splitPath(k.path)
		if table != "" && (len(out) == 0 || out[len(out)-1] != table) {
			out = append(out, table)
		}
	}
	return out
}

func isTable(name string) bool {
	return slices.Contains(tables(), name)
}

// whereIs finds what somebody may have meant: the same key in another table,
// or a similar one in this table.
func whereIs(table, name string) string {
	var names []string
	for _, k := range keys {
		t, n := splitPath(k.path)
		switch {
		case n == name && t == "":
			return name + " belongs at the top of the file, before the first table"
		case n == name:
			return fmt.Sprintf("%s belongs in the table [%s]", name, t)
		case t == table:
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return didYouMean(table, tables())
	}
	return didYouMean(name, names)
}

// didYouMean names the nearest word, or all of them where none is near.
func didYouMean(word string, words []string) string {
	best, distance := "", len(word)
	for _, w := range words {
		if d := editDistance(word, w); d < distance && d <= max(2, len(w)/3) {
			best, distance = w, d
		}
	}
	if best == "" {
		return "there are " + strings.Join(words, ", ")
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// editDistance counts the insertions, deletions and replacements of bytes
// that make b of a. Words longer than any key are just far away.
func editDistance(a, b string) int {
	const far = 64
	if len(a) > far {
		return far
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
