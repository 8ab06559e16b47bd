package vm

import "net"

// Terminal connects to the machine's terminal, on which root's shell waits.
func (m *VM) Terminal() (net.Conn, error) { return net.Dial("unix", m.path("tty")) }
