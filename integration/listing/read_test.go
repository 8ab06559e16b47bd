package listing

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// object is what the listing says about one thing, such as a set.
type object = map[string]any

// element is an element of a set as nft prints it.
type element struct {
	Set     string
	Value   string
	Timeout float64 // seconds; 0: none
	Expires float64 // seconds
	Counter bool
}

// reading is a listing without what differs from run to run.
type reading struct {
	Objects  []string // one line of JSON each
	Elements []element
}

// read takes a listing apart.
func read(t *testing.T, listing []byte) reading {
	t.Helper()
	var document struct{ NFTables []object }
	if err := json.Unmarshal(listing, &document); err != nil {
		t.Fatalf("%v in:\n%s", err, listing)
	}
	var r reading
	for _, entry := range document.NFTables {
		for kind, value := range entry {
			body, _ := value.(object)
			if kind == "metainfo" {
				continue
			}
			delete(body, "handle")
			if kind == "set" {
				r.Elements = append(r.Elements, elements(body)...)
				delete(body, "elem")
			}
			r.Objects = append(r.Objects, line(t, kind, body))
		}
	}
	slices.SortFunc(r.Elements, func(a, b element) int {
		return strings.Compare(a.Set+" "+a.Value, b.Set+" "+b.Value)
	})
	return r
}

// line writes an object as one line, with its keys in order.
func line(t *testing.T, kind string, body object) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		t.Fatal(err)
	}
	return kind + " " + strings.TrimSpace(b.String())
}

// elements reads the elements of a set. One without timeout and counter is a
// bare value; a range or a prefix is an object of its own.
func elements(set object) []element {
	list, _ := set["elem"].([]any)
	name, _ := set["name"].(string)
	els := make([]element, 0, len(list))
	for _, item := range list {
		el := element{Set: name}
		value := item
		if body, ok := item.(object); ok && body["elem"] != nil {
			more, _ := body["elem"].(object)
			value = more["val"]
			el.Timeout, _ = more["timeout"].(float64)
			el.Expires, _ = more["expires"].(float64)
			_, el.Counter = more["counter"]
		}
		el.Value = text(value)
		els = append(els, el)
	}
	return els
}

// text writes a value as the nft language does.
func text(value any) string {
	body, ok := value.(object)
	if !ok {
		return fmt.Sprint(value)
	}
	if prefix, ok := body["prefix"].(object); ok {
		return fmt.Sprintf("%v/%v", prefix["addr"], prefix["len"])
	}
	bounds, _ := body["range"].([]any)
	words := make([]string, len(bounds))
	for i, bound := range bounds {
		words[i] = fmt.Sprint(bound)
	}
	return strings.Join(words, "-")
}
