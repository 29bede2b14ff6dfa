package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"qlik-provision/provision/sandbox"
)

func (a *app) sandboxCommand() *cobra.Command {
	var addr, limit string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a tenant in memory, to try things on",
		Long: `sandbox serves a Qlik Cloud tenant in memory, with its token endpoint, its users and its rate limits, until it is interrupted. It prints the settings
that lead there, for a shell to take.`,
		Example: `  qlik-provision sandbox --limit off                  # in one terminal; copy what it prints to another
  eval "$(qlik-provision sandbox --limit off &)"      # or in the background of this one`,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kind, err := sandbox.ParseLimit(limit)
			if err != nil {
				return usage(fmt.Errorf("--limit: %w", err), "see "+cmd.CommandPath()+" --help")
			}
			inMemory := sandbox.New(sandbox.Options{Limit: kind})
			server, err := serve(inMemory, addr)
			if err != nil {
				return usage(err, "--addr 127.0.0.1:0 takes a port that is free")
			}
			settings := fmt.Sprintf("export QLIK_TENANT=%s\nexport QLIK_CLIENT_ID=%s\nexport QLIK_CLIENT_SECRET=%s\n", server.tenant, inMemory.ClientID(), inMemory.ClientSecret())
			if _, err := io.WriteString(a.stdout, settings); err != nil {
				return usage(fmt.Errorf("printing the settings: %w", err), "")
			}
			// Whoever reads the settings to their end, a shell's $(… &), may go on.
			if f, ok := a.stdout.(*os.File); ok && f == os.Stdout {
				if err := f.Close(); err != nil {
					return usage(fmt.Errorf("printing the settings: %w", err), "")
				}
			}
			a.ui.say("serving a tenant in memory at %s; stop it with Ctrl-C, or: kill %d", server.tenant, os.Getpid())
			select {
			case <-cmd.Context().Done():
				return server.close()
			case err := <-server.served:
				return fmt.Errorf("the sandbox ended by itself: %w", err)
			}
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:0", "the `ADDRESS` to listen at, on this machine")
	cmd.Flags().StringVar(&limit, "limit", string(sandbox.LimitRolling), "the `KIND` of rate limit: rolling, fixed, bucket, or off")
	complete(cmd, "addr", nil)
	complete(cmd, "limit", []string{"rolling", "fixed", "bucket", "off"})
	return cmd
}
