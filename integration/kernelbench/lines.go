package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"os"
)

// writeLines makes a file of the lines that fill gives.
func writeLines(name string, fill func(line func(string))) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write a list: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriter(f)
	fill(func(s string) {
		_, _ = w.WriteString(s) // an error stays until Flush
		_ = w.WriteByte('\n')
	})
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write a list: %w", err)
	}
	return nil
}

// eachLine calls f with every line of a file.
func eachLine(name string, f func(line string) error) (err error) {
	in, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	s := bufio.NewScanner(in)
	for s.Scan() {
		if err := f(s.Text()); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("read a list: %w", err)
	}
	return nil
}

// eachPrefix calls f with every address of a file, as a prefix.
func eachPrefix(name string, f func(netip.Prefix)) error {
	return eachLine(name, func(line string) error {
		addr, err := netip.ParseAddr(line)
		if err != nil {
			return fmt.Errorf("read a list: %w", err)
		}
		f(netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	})
}
