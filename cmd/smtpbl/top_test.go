package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/ptytest"
)

// wire is one end of a cable in the namespace of the tests: frames that are
// written to it come in at the other end, from whatever address they name.
type wire struct {
	fd  int
	mac []byte // of the other end
}

// plugIn lays the cable, once for all scripts.
var plugIn = sync.OnceValues(func() (*wire, error) {
	link := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "wire0"}, PeerName: "wire1"}
	if err := netlink.LinkAdd(link); err != nil {
		return nil, fmt.Errorf("lay a cable: %w", err)
	}
	peer, err := netlink.LinkByName(link.PeerName)
	if err != nil {
		return nil, err
	}
	for _, end := range []netlink.Link{link, peer} {
		if err := netlink.LinkSetUp(end); err != nil {
			return nil, err
		}
	}
	near, err := netlink.LinkByName("wire0")
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &wire{fd: fd, mac: peer.Attrs().HardwareAddr}, unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: near.Attrs().Index})
})

// knockAt sends SYNs to this machine: knock ADDR PORT N.
func knockAt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: knock ADDR PORT N")
	}
	src, err := netip.ParseAddr(args[0])
	ts.Check(err)
	port, err := strconv.ParseUint(args[1], 10, 16)
	ts.Check(err)
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	w, err := plugIn()
	ts.Check(err)
	frame := synFrame(w.mac, src, uint16(port))
	for range n {
		_, err := unix.Write(w.fd, frame)
		ts.Check(err)
	}
}

// synFrame is an Ethernet frame with a SYN from src.
func synFrame(mac []byte, src netip.Addr, port uint16) []byte {
	b := append(make([]byte, 0, 80), mac...)
	b = append(b, 2, 0, 0, 0, 0, 1) // a locally administered sender
	if src.Is4() {
		b = binary.BigEndian.AppendUint16(b, unix.ETH_P_IP)
		b = append(b, ipv4Header(src)...)
	} else {
		b = binary.BigEndian.AppendUint16(b, unix.ETH_P_IPV6)
		b = append(b, 6<<4, 0, 0, 0, 0, 20, unix.IPPROTO_TCP, 64)
		b = append(append(b, src.AsSlice()...), netip.MustParseAddr("2001:db8::1").AsSlice()...)
	}
	tcp := make([]byte, 20)
	tcp[0] = 0x9c // from port 39936
	binary.BigEndian.PutUint16(tcp[2:], port)
	tcp[12], tcp[13] = 5<<4, 2
	return append(b, tcp...)
}

// ipv4Header has the checksum without which ip_rcv throws a packet away.
func ipv4Header(src netip.Addr) []byte {
	b := []byte{4<<4 | 5, 0, 0, 40, 0, 0, 0, 0, 64, unix.IPPROTO_TCP, 0, 0}
	b = append(append(b, src.AsSlice()...), 192, 0, 2, 1)
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(b[10:], ^uint16(sum))
	return b
}

// watchScreen runs a command on a terminal of its own, types a text when the
// screen matches, and wants the command to end well: watch REGEXP KEYS COMMAND…
// Keys may be written like \x03. What was shown becomes the file "screen".
func watchScreen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: watch REGEXP KEYS COMMAND…")
	}
	re := regexp.MustCompile(args[0])
	keys, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	user, tty, err := ptytest.Open()
	ts.Check(err)
	defer user.Close()
	cmd := exec.Command(lookPath(ts, args[2]), args[3:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), []string{"PATH=" + ts.Getenv("PATH")}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	ts.Check(cmd.Start())
	ts.Check(tty.Close())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ts.Check(user.SetReadDeadline(time.Now().Add(patience)))
	var shown []byte
	typed := false
	for b := make([]byte, 4096); ; {
		n, err := user.Read(b)
		shown = append(shown, b[:n]...)
		if err != nil { // EIO when the program has closed the terminal
			break
		}
		if !typed && re.Match(shown) {
			_, err := user.WriteString(keys)
			ts.Check(err)
			typed = true
		}
	}
	if !typed {
		_ = cmd.Process.Kill()
	}
	if err := <-ended; err != nil {
		ts.Fatalf("%v; matched %q: %v; shown:\n%q", err, args[0], typed, shown)
	}
	ts.Check(os.WriteFile(ts.MkAbs("screen"), shown, 0o600))
}
