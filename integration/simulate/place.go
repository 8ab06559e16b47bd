package main

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Honest people and attackers live in nets of their own, but where a variant
// says otherwise.
const (
	homes    = 101<<24 + 1<<16 // the first /24 of the homes
	inHomes  = 20              // customers of ours in one /24 of a provider
	officesA = 102 << 24
	shared   = 103<<24 + 7<<8 + 7
	webmailA = 104<<24 + 5<<8 + 25
	hotelsA  = 105 << 24
)

func addr4(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}

// addr6 is the first address in the /64 of these upper 64 bits.
func addr6(net uint64) netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], net)
	b[15] = 1
	return netip.AddrFrom16(b)
}

// homeAddress puts the i-th person's home beside those of some others.
func homeAddress(i int) netip.Addr {
	return addr4(homes + uint32(i/inHomes)<<8 + 10 + uint32(i%inHomes))
}

// homeAddress6 gives the i-th person a /64 in a /48 of some others.
func homeAddress6(i int) netip.Addr {
	return addr6(0x2001_0db8_0000_0000 + uint64(i/inHomes)<<16 + uint64(i%inHomes))
}

func officeAddress(i int) netip.Addr { return addr4(officesA + uint32(i)<<8 + 1) }

func sharedAddress(int) netip.Addr { return addr4(shared) }

func webmailAddress(int) netip.Addr { return addr4(webmailA) }

func always(a netip.Addr) func(time.Duration) netip.Addr {
	return func(time.Duration) netip.Addr { return a }
}

// nineToFive is the office on weekdays from eight to five, and home.
func nineToFive(office, home netip.Addr) func(time.Duration) netip.Addr {
	return func(at time.Duration) netip.Addr {
		if at%week < 5*day && at%day >= 8*time.Hour && at%day < 17*time.Hour {
			return office
		}
		return home
	}
}

// hotels is a new /24 every day.
func hotels(seed uint64, person int) func(time.Duration) netip.Addr {
	return func(at time.Duration) netip.Addr {
		n := mix(seed ^ uint64(person)<<32 ^ uint64(at/day))
		return addr4(hotelsA + uint32(n)&(1<<24-1))
	}
}

// mix is the finalizer of SplitMix64: near numbers become far ones.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
