package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// manner is how an answer reaches the client.
type manner uint8

const (
	mannerWhole manner = iota
	mannerCut
	mannerDrip
	mannerEndless
	mannerBomb
	mannerReset
	mannerHang
	mannerLongHeader
)

// sized reports whether the head says how long the body is.
func (m manner) sized() bool { return m == mannerWhole || m == mannerCut || m == mannerDrip }

// length is what the head says of the body's length: of one that never becomes whole, more than there is.
func (r reply) length() int {
	if r.short {
		return len(r.body) + 1
	}
	return len(r.body)
}

// stream is the body as it comes, the same over a socket and in process. A connection that breaks in the middle is
// io.ErrUnexpectedEOF.
func (r reply) stream(ctx context.Context) io.Reader {
	switch r.manner {
	case mannerCut:
		return io.MultiReader(bytes.NewReader(r.body[:len(r.body)/2]), broken{})
	case mannerDrip:
		return &drip{ctx, r.body, r.short}
	case mannerEndless:
		return io.MultiReader(strings.NewReader(`{"padding":"`), endless{})
	case mannerBomb:
		return newBomb()
	}
	return bytes.NewReader(r.body)
}

// writeTo sends an answer over a socket. It panics with http.ErrAbortHandler where the connection is to break.
func (r reply) writeTo(w http.ResponseWriter, req *http.Request) {
	switch r.manner {
	case mannerReset:
		reset(w)
	case mannerHang:
		<-req.Context().Done()
		panic(http.ErrAbortHandler)
	case mannerLongHeader:
		longHeader(w, r.status)
	}
	h := w.Header()
	for name, values := range r.headers() {
		h[name] = values
	}
	w.WriteHeader(r.status)
	if r.manner == mannerWhole {
		w.Write(r.body) // an error is that of the client, who has gone
		return
	}
	flusher := http.NewResponseController(w)
	err := flusher.Flush()
	body := r.stream(req.Context())
	for buf := make([]byte, 16<<10); err == nil; {
		var n int
		n, err = body.Read(buf)
		_, gone := w.Write(buf[:n])
		if gone = errors.Join(gone, flusher.Flush()); gone != nil {
			err = gone
		}
	}
	if err != io.EOF {
		panic(http.ErrAbortHandler)
	}
}

// reset breaks the connection so that the client sees a reset (where it is TCP), and the handler's end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2: the stream is reset
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // a failure leaves a plain close, which breaks the connection as well
	}
	conn.Close()
	panic(http.ErrAbortHandler)
}

// longHeader sends one header line without an end, until the client has had enough or has taken nothing for ten seconds.
func longHeader(w http.ResponseWriter, status int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	filler := []byte(strings.Repeat("x", 16<<10))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nX-Padding: ", status, http.StatusText(status))
	for err == nil {
		if err = conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err == nil {
			_, err = conn.Write(filler)
		}
	}
	panic(http.ErrAbortHandler)
}

// broken is a connection that is closed.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// endless is filler without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// drip gives a byte a second.
type drip struct {
	ctx  context.Context // of the request whose body this is: an io.Reader has no other way to be interrupted
	left []byte
	cut  bool // it breaks off at the end
}

func (d *drip) Read(p []byte) (int, error) {
	if len(d.left) == 0 {
		if d.cut {
			return 0, io.ErrUnexpectedEOF
		}
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := wait(d.ctx, time.Second); err != nil {
		return 0, err
	}
	p[0] = d.left[0]
	d.left = d.left[1:]
	return 1, nil
}

// newBomb is a gzip body of about 1 MB that unpacks to 1 GiB of JSON that has only begun: a thousand members of a mebibyte each.
func newBomb() io.Reader {
	const size, members = 1 << 20, 1 << 10
	var opening, member bytes.Buffer
	for buf, content := range map[*bytes.Buffer]string{&opening: `{"padding":"`, &member: strings.Repeat(" ", size)} {
		z := gzip.NewWriter(buf)
		_, err := io.WriteString(z, content)
		if err = errors.Join(err, z.Close()); err != nil { // a buffer takes everything
			return broken{}
		}
	}
	return io.MultiReader(&opening, &repeated{member.Bytes(), nil, members})
}

// repeated is the same bytes a number of times.
type repeated struct {
	whole, left []byte
	times       int
}

func (r *repeated) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		if r.times == 0 {
			return 0, io.EOF
		}
		r.times--
		r.left = r.whole
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}
