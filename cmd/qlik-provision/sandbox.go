package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/sandbox"
)

func (a *app) sandboxCommand() *cobra.Command {
	var addr, limit, users, shell string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an in-memory tenant for trials",
		Long: `sandbox serves an in-memory Qlik Cloud tenant, with its token endpoint, its users, roles and rate limits,
until it is interrupted. It prints the settings that select it, for a shell to read. With --users it starts
with the users of a CSV file: subject,name,email,status,roles.`,
		Example: "  qlik-provision sandbox --users users.csv    # in one terminal; paste what it prints into another",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kind, err := sandbox.ParseLimit(limit)
			if err != nil {
				return usage(fmt.Errorf("--limit: %w", err), "see "+cmd.CommandPath()+" --help")
			}
			if shell == "" {
				shell = "posix"
				if runtime.GOOS == "windows" {
					shell = "powershell"
				}
			}
			setting, known := settings[shell]
			if !known {
				return usage(fmt.Errorf("--shell %q: posix, powershell or cmd", shell), "see "+cmd.CommandPath()+" --help")
			}
			inMemory := sandbox.New(sandbox.Options{Limit: kind})
			if users != "" {
				if err := addUsers(inMemory, users); err != nil {
					return refusal(err, command{program: a.name, name: "sandbox", flags: givenFlags(cmd.Flags())})
				}
			}
			return a.serveSandbox(cmd.Context(), inMemory, addr, setting)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&addr, "addr", "127.0.0.1:0", "`ADDRESS` address to listen on, of this machine")
	fs.StringVar(&limit, "limit", string(sandbox.LimitRolling),
		"`KIND` kind of rate limit: rolling, fixed, bucket, or off")
	fs.StringVar(&users, "users", "", "`FILE` CSV file of existing users: subject,name,email,status,roles")
	fs.StringVar(&shell, "shell", "", "`SHELL` shell that reads the settings: posix, powershell or cmd "+
		"(default: the platform's)")
	complete(cmd, "addr", nil)
	complete(cmd, "limit", []string{"rolling", "fixed", "bucket", "off"})
	complete(cmd, "shell", []string{"posix", "powershell", "cmd"})
	return cmd
}

// settings are how shells set a variable.
var settings = map[string]string{
	"posix": "export %s=%s\n", "powershell": "$env:%s='%s'\n", "cmd": "set %s=%s\n",
}

func (a *app) serveSandbox(ctx context.Context, inMemory *sandbox.Tenant, addr, setting string) error {
	server, err := serve(inMemory, addr)
	if err != nil {
		return usage(err, "--addr 127.0.0.1:0 uses a port that is free")
	}
	var b strings.Builder
	for _, v := range [][2]string{
		{"QLIK_TENANT", server.tenant.String()}, {"QLIK_CLIENT_ID", inMemory.ClientID()},
		{"QLIK_CLIENT_SECRET", inMemory.ClientSecret()},
	} {
		fmt.Fprintf(&b, setting, v[0], v[1])
	}
	if err := writeAll(a.stdout, b.String()); err != nil {
		return usage(fmt.Errorf("printing the settings: %w", err), "")
	}
	// Whoever reads the settings to their end, a shell's $(… &), may go on.
	if f, ok := a.stdout.(*os.File); ok && f == os.Stdout {
		if err := f.Close(); err != nil {
			return usage(fmt.Errorf("printing the settings: %w", err), "")
		}
	}
	a.out.note(fmt.Sprintf("serving an in-memory tenant at %s; stop it with Ctrl-C, or: kill %d",
		server.tenant, os.Getpid()))
	select {
	case <-ctx.Done():
		return server.close()
	case err := <-server.served:
		return &failure{code: exitRun, err: fmt.Errorf("the sandbox ended by itself: %w", err)}
	}
}

// addUsers puts the users of a CSV file on the tenant.
func addUsers(tenant *sandbox.Tenant, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() // only read
	file, err := csvfile.Read(io.Reader(f), path, csvfile.Options{LooksLikeHeader: roster.LooksLikeHeader})
	if err != nil {
		return err
	}
	columns := map[string]int{}
	for i, header := range file.Header.Cells {
		columns[strings.ToLower(strings.TrimSpace(header))] = i
	}
	if _, ok := columns["subject"]; !ok {
		return usage(fmt.Errorf("%s has no column subject", path), "its columns are subject,name,email,status,roles")
	}
	for _, r := range file.Records {
		cell := func(name string) string {
			if i, ok := columns[name]; ok && i < len(r.Cells) {
				return strings.TrimSpace(r.Cells[i])
			}
			return ""
		}
		var roles provision.RoleList
		_ = roles.UnmarshalCSV(cell("roles")) // never fails
		status := cell("status")
		if status == "" {
			status = "active"
		}
		tenant.Add(sandbox.User{
			Subject: cell("subject"), Name: cell("name"), Email: cell("email"), Status: status, Roles: roles,
		})
	}
	return nil
}
