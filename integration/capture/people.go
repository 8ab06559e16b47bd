package main

import (
	"net/netip"
	"strings"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// The account that exists on every server.
const (
	account  = "alice"
	password = "secret1"
	// accountID is the user and group id where it is one of the system: high
	// enough to be no user's of this machine, whose name might be logged.
	accountID = "65001"
)

// victim is who the forged texts accuse; it never connects.
const victim = "203.0.113.77"

// bad4, bad6 and good4 are addresses of the attacker and of the honest
// neighbour, told apart by their last number; good6 is the neighbour's only
// one that is used.
func bad4(n byte) netip.Addr  { return netip.AddrFrom4([4]byte{198, 51, 100, n}) }
func good4(n byte) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, n}) }

func bad6(n byte) netip.Addr {
	a := lab.AttackNet6.Addr().As16()
	a[15] = n
	return netip.AddrFrom16(a)
}

var good6 = lab.NeighbourNet6.Addr().Next()

// named are the addresses that have a name; all others have none.
var named = map[netip.Addr]string{
	bad4(7):  "dialup-7.isp.example",
	bad6(7):  "six-7.isp.example",
	good4(5): "office.customer.example",
}

// strangers are login names that exist nowhere, and texts that pretend to be
// more of a log line than a name.
var strangers = []string{
	"nobody",
	"info@shop.example",
	"john doe",
	`say "hi"`,
	"rap's",
	"<alice>",
	"a,b=c;d",
	"paren) x",
	"[" + victim + "]",
	"jos\u00e9\u4e16",
	"tab\there",
	"two\r\nlines",
	"byte\xff\x80\x7f",
	"%s%n%x",
	"back\\slash",
	strings.Repeat("long", 50),
	"x) [" + victim + "]: 535 Incorrect authentication data (set_id=y",
	"x, relay=[" + victim + "]",
	"x address=" + victim + " host=<unknown> result=permfail",
	"x, ip=[::ffff:" + victim + "], port=[25]",
	"x rhost=" + victim,
	"x rhost=" + victim + "  user=y",
	"x>, method=PLAIN, rip=" + victim + ", lip=192.0.2.25",
	"x [" + victim + "] PLAIN [SASL(-13): authentication failure: y]",
}

// hellos are HELO names that pretend.
var hellos = []string{
	"[" + victim + "]",
	"[IPv6:2001:db8:1::77]",
	"x) [" + victim + "]",
	"localhost",
	"unknown[" + victim + "]",
	"x [" + victim + "] y",
	strings.Repeat("h", 300) + ".example",
}
