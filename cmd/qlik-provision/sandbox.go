package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/gocarina/gocsv"
	"github.com/spf13/cobra"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

func (a *app) sandboxCommand() *cobra.Command {
	var addr, users string
	limit, shell := sandbox.LimitRolling, "posix"
	if runtime.GOOS == "windows" {
		shell = "powershell"
	}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve an in-memory tenant for trials",
		Long: `sandbox serves an in-memory Qlik Cloud tenant, with its token endpoint, its users, roles and rate limits,
until it is interrupted. It prints the settings that select it, for a shell to read. With --users it starts
with the users of a CSV file: subject,name,email,status,roles.`,
		Example:           "  qlik-provision sandbox --users users.csv    # in one terminal; paste its output into another",
		Annotations:       map[string]string{"0": "interrupted", "2": "it could not start", "3": "the server failed"},
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			inMemory := sandbox.New(sandbox.Options{Limit: limit})
			if users != "" {
				if err := addUsers(inMemory, users); err != nil {
					return err
				}
			}
			return a.serveSandbox(cmd.Context(), inMemory, addr, shell)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&addr, "addr", "127.0.0.1:0", "`ADDRESS` of this machine to listen on")
	fs.StringVar((*string)(&limit), "limit", string(limit),
		"`KIND` of rate limit: rolling, fixed, bucket, or off")
	fs.StringVar(&users, "users", "", "CSV `FILE` of existing users: subject,name,email,status,roles")
	fs.StringVar(&shell, "shell", shell, "`SHELL` that reads the settings: posix, powershell or cmd")
	finishFlags(cmd)
	return cmd
}

func (a *app) serveSandbox(ctx context.Context, inMemory *sandbox.Tenant, addr, shell string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return usage(fmt.Errorf("starting the sandbox: %w", err), "--addr 127.0.0.1:0 uses a port that is free")
	}
	defer listener.Close() // the server has closed it before, where it was begun
	tenant, err := qlik.ParseTenant("http://" + listener.Addr().String())
	if err != nil {
		return usage(fmt.Errorf("the sandbox is for this machine only: %w", err), "--addr 127.0.0.1:0 is of this machine")
	}
	if err := a.printSettings(shell, tenant, inMemory); err != nil {
		return usage(fmt.Errorf("printing the settings: %w", err), "")
	}
	a.out.note(fmt.Sprintf("serving an in-memory tenant at %s; stop it with Ctrl-C, or: kill %d", tenant, os.Getpid()))
	server := &http.Server{Handler: inMemory, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })() // at once: what it holds is in memory only
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return &failure{code: exitRun, err: fmt.Errorf("the server of the sandbox failed: %w", err)}
	}
	return nil
}

// printSettings prints the settings that select a sandbox, and closes stdout: whoever reads them to their end, a
// shell's $(… &), goes on.
func (a *app) printSettings(shell string, tenant qlik.Tenant, inMemory *sandbox.Tenant) error {
	setting := map[string]string{ // how a shell sets a variable
		"posix": "export %s=%s\n", "powershell": "$env:%s='%s'\n", "cmd": "set %s=%s\n",
	}[shell]
	_, err := fmt.Fprintf(a.stdout, strings.Repeat(setting, 3), "QLIK_TENANT", tenant,
		"QLIK_CLIENT_ID", inMemory.Options().ClientID, "QLIK_CLIENT_SECRET", inMemory.Options().ClientSecret)
	if f, ok := a.stdout.(*os.File); ok && f == os.Stdout {
		err = errors.Join(err, f.Close())
	}
	return err
}

// addUsers puts the users of a CSV file on the tenant.
func addUsers(tenant *sandbox.Tenant, path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var users []struct {
		Subject string             `csv:"subject"`
		Name    string             `csv:"name"`
		Email   string             `csv:"email"`
		Status  string             `csv:"status"`
		Roles   provision.RoleList `csv:"roles"`
	}
	const hint = "its columns are subject,name,email,status,roles"
	if err := gocsv.UnmarshalBytes(bytes.TrimPrefix(b, []byte("\ufeff")), &users); err != nil {
		return usage(fmt.Errorf("reading %s: %w", path, err), hint)
	}
	for i, u := range users {
		if u.Subject == "" {
			return usage(fmt.Errorf("%s: row %d has no subject", path, i+1), hint)
		}
		tenant.Add(sandbox.User{Subject: u.Subject, Name: u.Name, Email: u.Email, Status: u.Status, Roles: u.Roles})
	}
	return nil
}
