package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	textunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const (
	maxPrivate    = 1 << 20          // bytes of a file or an output with secrets in it
	secretTimeout = 60 * time.Second // a password manager may ask for a touch
)

// readSecret reads the client's secret: the first line of a file, or of what a command prints. It is "" where neither is
// given.
func (c *config) readSecret(ctx context.Context) (secret string, err error) {
	var b []byte
	name, hint := "the secret file "+c.secretFile, "write the secret into it, on one line"
	switch {
	case c.secretFile != "":
		b, err = readPrivate(c.secretFile, "the secret file", "check the name of the file")
	case c.secretCommand != "":
		name, hint = "the output of --client-secret-command", "run the command by itself: it prints the secret"
		b, err = c.runSecretCommand(ctx, hint)
	default:
		return "", nil
	}
	// A byte order mark goes, and UTF-16 is decoded, which PowerShell 5.1 writes with >.
	decoded, _, _ := transform.Bytes(textunicode.BOMOverride(transform.Nop), b) // what is malformed becomes U+FFFD
	line, _, _ := strings.Cut(strings.TrimSpace(string(decoded)), "\n")
	if err == nil && line == "" {
		err = usage(errors.New(name+" is empty"), hint)
	}
	return strings.TrimSpace(line), err
}

// readPrivate reads a file with secrets in it. It refuses a regular file that others may read, on systems that have such
// modes.
func readPrivate(path, what, hint string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, usage(fmt.Errorf("reading %s: %w", what, err), hint)
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return nil, usage(fmt.Errorf("%s %s can be read by others (mode %04o)", what, path, mode.Perm()),
			"chmod 600 "+quote(argument(path)))
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPrivate+1))
	if len(b) > maxPrivate {
		return nil, usage(fmt.Errorf("%s %s is larger than 1 MiB", what, path), hint)
	}
	return b, err
}

// runSecretCommand returns what the command of a secret prints, run in the platform's shell. Its standard error and input
// are ours, so that a password manager can ask; not the input where it is the export.
func (c *config) runSecretCommand(ctx context.Context, hint string) ([]byte, error) {
	limited, cancel := context.WithTimeoutCause(ctx, secretTimeout, fmt.Errorf("it took longer than %v", secretTimeout))
	defer cancel()
	var out boundedBuffer
	cmd := shellCommand(limited, c.secretCommand)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if !isStdin(c.given.file) {
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, usage(fmt.Errorf("--client-secret-command failed: %w", cmp.Or(context.Cause(limited), err)), hint)
	}
	return out.b.Bytes(), nil
}

// A boundedBuffer takes no more than maxPrivate bytes.
type boundedBuffer struct{ b bytes.Buffer }

func (o *boundedBuffer) Write(p []byte) (int, error) {
	if o.b.Len()+len(p) > maxPrivate {
		return 0, errors.New("it is larger than 1 MiB")
	}
	return o.b.Write(p)
}
