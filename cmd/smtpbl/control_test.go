package main

import (
	"net/netip"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
)

func TestCheckRequest(t *testing.T) {
	host := []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}
	for name, tt := range map[string]struct {
		req control.Request
		ok  bool
	}{
		"status":        {control.Request{Op: control.OpStatus}, true},
		"list of all":   {control.Request{Op: control.OpList}, true},
		"list of some":  {control.Request{Op: control.OpList, Prefixes: host}, true},
		"add":           {control.Request{Op: control.OpAdd, Prefixes: host, For: time.Second}, true},
		"del":           {control.Request{Op: control.OpDel, Prefixes: host}, true},
		"flush":         {control.Request{Op: control.OpFlush}, true},
		"top":           {control.Request{Op: control.OpTop, Rows: maxTop}, true},
		"add nothing":   {control.Request{Op: control.OpAdd, For: time.Second}, false},
		"del nothing":   {control.Request{Op: control.OpDel}, false},
		"add for ever":  {control.Request{Op: control.OpAdd, Prefixes: host}, false},
		"no prefix":     {control.Request{Op: control.OpDel, Prefixes: make([]netip.Prefix, 1)}, false},
		"host bits":     {control.Request{Op: control.OpDel, Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/24")}}, false},
		"mapped":        {control.Request{Op: control.OpList, Prefixes: []netip.Prefix{netip.MustParsePrefix("::ffff:198.51.100.7/128")}}, false},
		"everybody":     {control.Request{Op: control.OpAdd, Prefixes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}, For: time.Hour}, false},
		"top of none":   {control.Request{Op: control.OpTop}, false},
		"negative rows": {control.Request{Op: control.OpTop, Rows: -1}, false},
		"too many rows": {control.Request{Op: control.OpTop, Rows: maxTop + 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := checkRequest(&tt.req); (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}
