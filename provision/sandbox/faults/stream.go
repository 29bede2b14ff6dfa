package faults

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// stream returns the body as it reaches the client. A connection that breaks in the middle is io.ErrUnexpectedEOF.
func (a answer) stream(ctx context.Context) io.Reader {
	switch a.kind {
	case Cut:
		return io.MultiReader(bytes.NewReader(a.body[:len(a.body)/2]), readFunc(broken))
	case Drip:
		end := readFunc(func([]byte) (int, error) { return 0, io.EOF })
		if a.short {
			end = broken
		}
		return io.MultiReader(drip(ctx, a.body), end)
	case Endless:
		return io.MultiReader(strings.NewReader(`{"padding":"`), readFunc(func(p []byte) (int, error) {
			return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
		}))
	case GzipBomb:
		return gzipBomb()
	case Switching:
		return readFunc(func([]byte) (int, error) {
			<-ctx.Done()
			return 0, context.Cause(ctx)
		})
	}
	return bytes.NewReader(a.body)
}

// readFunc is a function as an io.Reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func broken([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// drip returns a reader of one byte each second.
func drip(ctx context.Context, body []byte) io.Reader {
	left := bytes.NewReader(body)
	return readFunc(func(p []byte) (int, error) {
		if left.Len() > 0 && len(p) > 0 {
			if err := wait(ctx, time.Second); err != nil {
				return 0, err
			}
			p = p[:1]
		}
		return left.Read(p)
	})
}

// gzipBomb returns a gzip body of about 1 MB that expands to 1 GiB of JSON without an end: an opening, and then a
// thousand members of a mebibyte each.
func gzipBomb() io.Reader {
	const size, members = 1 << 20, 1 << 10
	var opening, member bytes.Buffer
	for buf, content := range map[*bytes.Buffer]string{&opening: `{"padding":"`, &member: strings.Repeat(" ", size)} {
		z := gzip.NewWriter(buf)
		_, err := io.WriteString(z, content)
		if err = errors.Join(err, z.Close()); err != nil { // does not happen: a buffer takes everything
			return readFunc(broken)
		}
	}
	parts := []io.Reader{&opening}
	for range members {
		parts = append(parts, bytes.NewReader(member.Bytes()))
	}
	return io.MultiReader(parts...)
}
