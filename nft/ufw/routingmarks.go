package ufw

import (
	"fmt"
	"math"

	"github.com/vishvananda/netlink"
)

// routingMarks finds the rules of policy routing (ip rule) that look at the
// packet mark. They matter although our mark comes after the routing of a
// packet: with net.ipv4.tcp_fwmark_accept the answers carry it too.
func routingMarks() ([]Conflict, error) {
	list, err := netlink.RuleList(netlink.FAMILY_ALL)
	if err != nil {
		return nil, fmt.Errorf("look who uses packet marks in ip rule: %w", err)
	}
	var found []Conflict
	for i := range list {
		r := &list[i]
		used := uint32(math.MaxUint32) // of a rule without a mask
		if r.Mask != nil {
			used = *r.Mask
		}
		if r.Mark == 0 && r.Mask == nil {
			continue
		}
		found = append(found, Conflict{
			Where: "ip rule", Rule: fmt.Sprintf("priority %d, fwmark %#x/%#x", r.Priority, r.Mark, used), Bits: used,
		})
	}
	return found, nil
}
