package config

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// maxSocketPath is what a socket's path may have (unix(7), sun_path).
	maxSocketPath = 107
	// maxSocketDir leaves room for the control socket in a directory.
	maxSocketDir = maxSocketPath - len("/smtpbl.sock")
	// maxTableName is NFT_NAME_MAXLEN less the NUL (linux nf_tables.h).
	maxTableName = 255
	// maxLogPrefix is NF_LOG_PREFIXLEN less the NUL (linux nf_log.h).
	maxLogPrefix = 127
)

func parseDir(s string) (string, *problem) {
	switch {
	case !filepath.IsAbs(s):
		return "", &problem{message: fmt.Sprintf("%q is not an absolute path", s), hint: "a service has no current directory: begin with /"}
	case strings.ContainsRune(s, 0):
		return "", &problem{message: "a path cannot hold a NUL"}
	case filepath.Clean(s) == "/":
		return "", &problem{message: "the root directory cannot be used", hint: "name a directory of smtpbl's own"}
	}
	return filepath.Clean(s), nil
}

func parseRuntimeDir(s string) (string, *problem) {
	dir, p := parseDir(s)
	if p == nil && len(dir) > maxSocketDir {
		p = &problem{message: fmt.Sprintf("the path is %d bytes long, too long for a socket in it", len(dir)), hint: fmt.Sprintf("at most %d bytes", maxSocketDir)}
	}
	return dir, p
}

func parseGlob(s string) (string, *problem) {
	if _, err := filepath.Match(s, ""); err != nil {
		return "", &problem{message: fmt.Sprintf("%q is not a file name pattern", s), hint: "a [ needs its ]; write \\[ for the character itself"}
	}
	return parseDir(s)
}

// parseTable allows what the nft command takes as a name without quotes, so
// that an administrator can always type it.
func parseTable(s string) (string, *problem) {
	if s == "" || len(s) > maxTableName {
		return "", &problem{message: fmt.Sprintf("the name is %d bytes long", len(s)), hint: fmt.Sprintf("a table name has 1 to %d bytes", maxTableName)}
	}
	for i, c := range []byte(s) {
		ok := isLetter(c) || c == '_' || i > 0 && (isDigit(c) || strings.IndexByte("./-", c) >= 0)
		if !ok {
			return "", &problem{message: fmt.Sprintf("%q is not a table name", s), hint: "begin with a letter or _, go on with letters, digits and _ . / -"}
		}
	}
	return s, nil
}

func parseLogPrefix(s string) (string, *problem) {
	if s == "" || len(s) > maxLogPrefix {
		return "", &problem{message: fmt.Sprintf("the prefix is %d bytes long", len(s)), hint: fmt.Sprintf("the kernel takes 1 to %d bytes", maxLogPrefix)}
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return "", &problem{message: fmt.Sprintf("the prefix holds the byte %#02x", c), hint: "use printable ASCII characters only: the text ends up in the kernel log"}
		}
	}
	return s, nil
}

func parseListen(s string) (string, *problem) {
	if s == "" {
		return s, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", &problem{message: fmt.Sprintf("%q is not host:port", s), hint: `write for example "127.0.0.1:9725" or "[::1]:9725", or "" to switch it off`}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", &problem{message: fmt.Sprintf("%q is not a port", port), hint: "write a number from 0 to 65535"}
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" && !isHostName(host) {
		return "", &problem{message: fmt.Sprintf("%q is neither an address nor a host name", host)}
	}
	return s, nil
}

// oneOf returns a parser for a few fixed words.
func oneOf[T ~string](words ...T) func(string) (T, *problem) {
	return func(s string) (T, *problem) {
		quoted := make([]string, len(words))
		for i, w := range words {
			if s == string(w) {
				return w, nil
			}
			quoted[i] = strconv.Quote(string(w))
		}
		return "", &problem{message: fmt.Sprintf("%q is not known here", s), hint: "write one of " + strings.Join(quoted, ", ")}
	}
}

func plain[T ~string](s T) string { return string(s) }
