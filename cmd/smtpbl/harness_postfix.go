package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postconf"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/postfix"
)

// postfixReport is what "smtpbl harness postfix --json" prints.
type postfixReport struct {
	InPlace        bool               `json:"in_place"`
	Version        string             `json:"mail_version"`
	QueueDirectory string             `json:"queue_directory"`
	Sockets        []socketReport     `json:"sockets"`
	Services       []postconf.Verdict `json:"services"`
	Faults         []string           `json:"faults"`
	Write          []fileLines        `json:"write"`
}

// socketReport says how one socket is.
type socketReport struct {
	Protocol   string `json:"protocol"`
	Socket     string `json:"socket"`
	Configured bool   `json:"configured"`
	// UnderQueue tells that chrooted processes of Postfix can reach it.
	UnderQueue bool   `json:"under_queue_directory"`
	Answers    bool   `json:"answers"`
	Fault      string `json:"fault"`
}

// fileLines are lines to write into a file, which at names a place in.
type fileLines struct {
	File  string   `json:"file"`
	At    string   `json:"at,omitempty"`
	Lines []string `json:"lines"`
}

func (a *app) harnessPostfixCommand() *cobra.Command {
	var asJSON, prepare bool
	cmd := &cobra.Command{
		Use:   "postfix",
		Short: "Show what makes Postfix turn clients away at the soft step, and whether it is there (exit 0) or not (exit 1)",
		Long: "At the soft step, before a ban, Postfix can turn a client away with a text that says why. This shows what to\n" +
			"write into smtpbl.toml, main.cf and master.cf for that, asks at the sockets, and says for each service of Postfix\n" +
			"whether smtpbl is asked, and when. It changes nothing.\n\n" +
			"With --prepare it only makes the directory of the sockets below Postfix's queue, if the configuration names a\n" +
			"socket there. The systemd unit has root do that before the service starts.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.loadConfig(cmd)
			if err != nil {
				return err
			}
			if prepare {
				return a.preparePostfix(cmd.Context(), &cfg, postconf.Command)
			}
			r, err := examinePostfix(cmd.Context(), &cfg, postconf.Command)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(r)
			} else {
				err = printPostfix(a.stdout, r)
			}
			if err == nil && !r.InPlace {
				err = errNo
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&prepare, "prepare", false, "make the directory of the sockets, and nothing else; takes root")
	cmd.MarkFlagsMutuallyExclusive("json", "prepare")
	return cmd
}

// examinePostfix compares both configurations and asks at the sockets.
func examinePostfix(ctx context.Context, cfg *config.Config, run postconf.Run) (*postfixReport, error) {
	setup, err := postconf.Read(ctx, run)
	if errors.Is(err, postconf.ErrNotInstalled) {
		return nil, withHint(err, "this is for Postfix; without it the soft step is not to be had, bans are")
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("read Postfix's configuration: %w", err), "postfix check tells what is wrong with it")
	}
	r := &postfixReport{Version: setup.Version, QueueDirectory: setup.QueueDirectory, Faults: []string{}, Write: []fileLines{}}
	sockets := wantedSockets(&cfg.Postfix, setup.QueueDirectory)
	r.Services = setup.Judge(sockets)
	if len(r.Services) == 0 {
		r.Faults = append(r.Faults, "master.cf has no service that runs smtpd")
	}
	if strings.HasPrefix(setup.Version, "2.") {
		r.Faults = append(r.Faults, "braces in main.cf take Postfix 3.0")
	}
	if cfg.Policy.SoftThreshold4 == 0 && cfg.Policy.SoftThreshold6 == 0 {
		r.Faults = append(r.Faults, "policy.soft_threshold4 and soft_threshold6 are 0: nobody comes to the soft step")
	}
	if err := countsOwnRefusals(cfg); err != nil {
		r.Faults = append(r.Faults, err.Error())
	}
	for _, s := range sockets {
		r.Sockets = append(r.Sockets, r.socket(ctx, s, cfg.Postfix.Asked()))
	}
	r.write(setup, sockets)
	r.InPlace = len(r.Faults) == 0
	for i := range r.Sockets {
		r.InPlace = r.InPlace && r.Sockets[i].Fault == ""
	}
	for i := range r.Services {
		r.InPlace = r.InPlace && len(r.Services[i].Faults) == 0
	}
	return r, nil
}

// wantedSockets are those of the configuration, or the one to begin with.
func wantedSockets(x *config.Postfix, queue string) []postconf.Socket {
	all := configuredSockets(x)
	if len(all) == 0 {
		all = append(all, postconf.Socket{Protocol: postfix.Policy, Path: suggested(queue, postfix.Policy)})
	}
	return all
}

func configuredSockets(x *config.Postfix) []postconf.Socket {
	var all []postconf.Socket
	if x.PolicySocket != "" {
		all = append(all, postconf.Socket{Protocol: postfix.Policy, Path: x.PolicySocket})
	}
	if x.MapSocket != "" {
		all = append(all, postconf.Socket{Protocol: postfix.Map, Path: x.MapSocket})
	}
	return all
}

func (r *postfixReport) socket(ctx context.Context, s postconf.Socket, configured bool) socketReport {
	out := socketReport{
		Protocol: string(s.Protocol), Socket: s.Path, Configured: configured,
		UnderQueue: strings.HasPrefix(s.Path, r.QueueDirectory+"/"),
	}
	err := postfix.Ask(ctx, s.Protocol, s.Path)
	out.Answers = err == nil
	switch {
	case !configured:
		out.Fault = "it is not in the configuration"
	case err != nil && misplaced(r.QueueDirectory, s.Path) != "":
		out.Fault = misplaced(r.QueueDirectory, s.Path) + ": use " + suggested(r.QueueDirectory, s.Protocol)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		out.Fault = "nobody answers: smtpbl does not run with this configuration, or cannot make the socket (smtpbl status)"
	case errors.Is(err, fs.ErrPermission):
		out.Fault = "it cannot be asked without the right to: run this as root"
	case err != nil:
		out.Fault = err.Error()
	case !out.UnderQueue && r.chroots():
		out.Fault = "chrooted processes of Postfix cannot reach it: it is not under " + r.QueueDirectory
	}
	return out
}

// chroots tells whether a service that is of interest runs in a chroot.
func (r *postfixReport) chroots() bool {
	for i := range r.Services {
		if v := &r.Services[i]; v.Chroot && (v.Asks || v.Write != "") {
			return true
		}
	}
	return false
}

// unitPath is the directory that the systemd unit may write sockets into.
const unitPath = "/var/spool/postfix/" + postfix.DirectoryName

// write gathers what is missing, by file.
func (r *postfixReport) write(setup *postconf.Setup, sockets []postconf.Socket) {
	first := sockets[0]
	if !r.Sockets[0].Configured {
		r.Write = append(r.Write, fileLines{"smtpbl.toml", "", []string{"[postfix]", fmt.Sprintf("policy_socket = %q", first.Path)}})
	}
	if dir := filepath.Dir(first.Path); dir != unitPath && !r.Sockets[0].Answers {
		r.Write = append(r.Write, fileLines{"/etc/systemd/system/smtpbl.service.d/postfix.conf", "", []string{"[Service]", "ReadWritePaths=" + dir}})
	}
	main := fileLines{File: "main.cf"}
	var master []fileLines
	for i := range r.Services {
		switch v := &r.Services[i]; {
		case v.Write == "":
		case v.In == "master.cf":
			master = append(master, fileLines{"master.cf", v.Service, []string{v.Write}})
		case len(main.Lines) == 0:
			main.Lines = append(main.Lines, v.Write)
		}
	}
	if len(main.Lines)+len(master) > 0 {
		main.Lines = append([]string{postconf.Macro + " = " + setup.Question(first)}, main.Lines...)
		r.Write = append(append(r.Write, main), master...)
	}
}
