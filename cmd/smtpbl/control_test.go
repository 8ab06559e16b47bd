package main

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/control"
	"github.com/smtpbl/smtpbl/nft"
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

// TestListed: set del names the block lists that go on dropping what was named.
func TestListed(t *testing.T) {
	lists := map[netip.Addr]nft.Ban{}
	for _, text := range []string{"192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/25"} {
		p := netip.MustParsePrefix(text)
		lists[p.Addr()] = nft.Ban{Layer: nft.LayerFeed, Prefix: p, Set: "feed4_a"}
	}
	lookup := func(a netip.Addr) ([]nft.Ban, bool, error) {
		for _, b := range lists {
			if b.Prefix.Contains(a) {
				return []nft.Ban{{Layer: nft.LayerPolicy, Prefix: netip.PrefixFrom(a, 32)}, b}, a.String() == "203.0.113.9", nil
			}
		}
		return nil, false, nil
	}
	got := listed([]netip.Prefix{
		netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("192.0.2.0/24"), // covered
		netip.MustParsePrefix("198.51.100.0/24"), // has a listed host
		netip.MustParsePrefix("203.0.113.9/32"),  // is let through
		netip.MustParsePrefix("100.64.0.1/32"),
	}, lookup)
	want := []control.Cover{
		{Prefix: netip.MustParsePrefix("192.0.2.7/32"), By: netip.MustParsePrefix("192.0.2.0/24"), Set: "feed4_a"},
		{Prefix: netip.MustParsePrefix("192.0.2.0/24"), By: netip.MustParsePrefix("192.0.2.0/24"), Set: "feed4_a"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
