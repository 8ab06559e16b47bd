package ufw

import "context"

// Status is how the harness stands.
type Status struct {
	Installed bool // ufw is on this machine
	Enabled   bool // ufw is loaded at boot
	Active    bool // ufw is loaded now
	// Agree is true if both files have the harness of the configuration, and
	// the kernel has it too where ufw is active.
	Agree     bool
	Families  []FamilyStatus
	Conflicts []Conflict
	Free      Mark // one that nobody uses, if there are Conflicts; mask 0: none
}

// FamilyStatus is how the harness stands for IPv4 or IPv6. A fault of "" is
// none.
type FamilyStatus struct {
	Family      string // IPv4 or IPv6
	File        string // the path of the rules file
	FileFault   string
	KernelFault string // also where ufw is not active
}

// Status compares files, kernel and configuration. That something is wrong is
// no error; the error says that it cannot be found out.
func (h *Harness) Status(ctx context.Context) (Status, error) {
	all, err := h.read()
	if err != nil {
		return Status{}, err
	}
	st := Status{Installed: true, Enabled: h.enabled(), Agree: true}
	for i := range all {
		r := &all[i]
		l, err := h.look(ctx, r.family)
		if err != nil {
			return st, err
		}
		one := FamilyStatus{
			Family: r.name, File: r.path, FileFault: h.fileFault(r), KernelFault: r.loaded(l, h.cfg.Spec),
		}
		st.Active = st.Active || l.active
		st.Families = append(st.Families, one)
	}
	for _, one := range st.Families {
		st.Agree = st.Agree && one.FileFault == "" && (one.KernelFault == "" || !st.Active)
	}
	used, err := h.marks(ctx)
	if err != nil {
		return st, err
	}
	if st.Conflicts = meeting(used, h.cfg.Mark.Mask); len(st.Conflicts) > 0 {
		st.Free = freeMark(used)
	}
	return st, nil
}
