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
	maxSecret     = 64 << 10         // bytes of a secret's source
	secretTimeout = 60 * time.Second // a password manager may ask for a touch
)

// readSecretFile reads the client's secret from a file.
func readSecretFile(path string) (string, error) {
	b, err := readPrivate(path, "the secret file", maxSecret)
	if err != nil {
		return "", err
	}
	secret := strings.TrimSpace(decodeSecret(b))
	if secret == "" {
		return "", usage(fmt.Errorf("the secret file %s is empty", path), "write the secret into it, on one line")
	}
	return secret, nil
}

// readPrivate reads a file with secrets in it, of so many bytes at most. It refuses a regular file that others may
// read, on systems that have such modes.
func readPrivate(path, what string, most int64) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && runtime.GOOS != "windows" && mode.Perm()&0o077 != 0 {
		return nil, usage(fmt.Errorf("%s %s can be read by others (mode %04o)", what, path, mode.Perm()),
			"chmod 600 "+quote(argument(path)))
	}
	b, err = io.ReadAll(io.LimitReader(f, most+1))
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s %s is larger than %d KiB", what, path, most>>10)
	}
	return b, err
}

// decodeSecret takes off a byte order mark, and decodes UTF-16, which PowerShell 5.1 writes with >.
func decodeSecret(b []byte) string {
	decoded, _, _ := transform.Bytes(textunicode.BOMOverride(transform.Nop), b) // what is malformed becomes U+FFFD
	return string(decoded)
}

// runSecretCommand runs a command in the platform's shell; the first line of its output is the secret. Its standard
// error and input are ours, so that a password manager can ask; not the input where it is the export.
func runSecretCommand(ctx context.Context, line, export string) (string, error) {
	limited, cancel := context.WithTimeoutCause(ctx, secretTimeout, fmt.Errorf("it took longer than %v", secretTimeout))
	defer cancel()
	var out secretOutput
	cmd := shellCommand(limited, line)
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if !isStdin(export) {
		cmd.Stdin = os.Stdin
	}
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	const hint = "run the command by itself: it prints the secret"
	if err != nil {
		return "", usage(fmt.Errorf("--client-secret-command failed: %w", cmp.Or(context.Cause(limited), err)), hint)
	}
	secret, _, _ := strings.Cut(decodeSecret(out.b.Bytes()), "\n")
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", usage(errors.New("--client-secret-command printed nothing on its first line"), hint)
	}
	return secret, nil
}

// A secretOutput is what a command printed. It takes no more than maxSecret bytes.
type secretOutput struct{ b bytes.Buffer }

func (o *secretOutput) Write(p []byte) (int, error) {
	if o.b.Len()+len(p) > maxSecret {
		return 0, errors.New("it printed more than a secret")
	}
	return o.b.Write(p)
}
