package exempt

import (
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// resolvFiles name the name servers. The second one tells whom systemd-resolved
// asks, where the first one names only its stub (systemd-resolved.service(8)).
var resolvFiles = []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"}

const (
	// maxResolv bounds what is read of a file. libc takes three name servers.
	maxResolv    = 64 << 10
	maxResolvers = 16
)

// nameServers returns the name servers that this machine asks. The files are
// read each time, because they are small and change without a word. One that
// cannot be read names none.
func (l *List) nameServers() []netip.Addr {
	files := l.Resolv
	if files == nil {
		files = resolvFiles
	}
	var out []netip.Addr
	for _, path := range files {
		servers := parseResolv(readResolv(path))
		out = append(out, slices.DeleteFunc(slices.Clone(servers), netip.Addr.IsLoopback)...)
		if !slices.ContainsFunc(servers, isStub) {
			break // the next file belongs to systemd-resolved
		}
	}
	return out
}

// isStub tells whether systemd-resolved listens there.
func isStub(a netip.Addr) bool {
	return a == netip.AddrFrom4([4]byte{127, 0, 0, 53}) || a == netip.AddrFrom4([4]byte{127, 0, 0, 54})
}

func readResolv(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := io.ReadAll(io.LimitReader(f, maxResolv))
	if err != nil {
		return ""
	}
	return string(data)
}

// parseResolv reads the lines "nameserver ADDRESS" of resolv.conf(5): the
// keyword begins the line, and white space ends it.
func parseResolv(text string) []netip.Addr {
	var out []netip.Addr
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" || !strings.HasPrefix(line, fields[0]) {
			continue
		}
		a, err := netip.ParseAddr(fields[1])
		a = a.Unmap().WithZone("")
		if err != nil || a.IsUnspecified() || len(out) == maxResolvers {
			continue
		}
		out = append(out, a)
	}
	return out
}
