package exempt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/owned"
)

// memory is the file of last good answers: after a reboot without a name server
// the office is still exempt.
type memory struct {
	Hosts    map[string][]netip.Addr `json:"hosts"`
	Networks []netip.Prefix          `json:"mynetworks"`
}

// maxMemory bounds what is read of the file.
const maxMemory = 1 << 20

// recall reads the file; there is none at the first start.
func recall(path string) (m memory, err error) {
	data, err := owned.ReadFile(path, maxMemory)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, err
	}
	m, err = decode(data)
	if err != nil {
		return m, fmt.Errorf("read %s: %w", path, err)
	}
	return m, nil
}

// decode takes nothing that the questions could not have brought.
func decode(data []byte) (m memory, err error) {
	if err := json.Unmarshal(data, &m); err != nil {
		return memory{}, err
	}
	for host, addrs := range m.Hosts {
		for _, a := range addrs {
			if !a.IsValid() || a.IsUnspecified() {
				return memory{}, fmt.Errorf("%s: %q is no address", host, a)
			}
		}
	}
	for _, p := range m.Networks {
		if !p.IsValid() || p != p.Masked() || tooWide(p) {
			return memory{}, fmt.Errorf("mynetworks: %q is no net", p)
		}
	}
	return m, nil
}

// remember replaces the file; a crash leaves the old or the new one.
func remember(path string, m *memory) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	fresh := path + ".new"
	f, err := owned.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
