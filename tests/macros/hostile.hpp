// Macros that well-known headers define, and that a library included after them has to live with. The headers
// themselves are mostly of other platforms. Each macro has the form it has there; what it expands to need only be
// wrong.

// <windows.h> without NOMINMAX: <minwindef.h>, <rpcndr.h>, <wingdi.h>, <winuser.h>, <winerror.h>, <winnt.h>
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define pascal
#define cdecl
#define huge
#define small char
#define hyper wrong
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define THIS wrong
#define ABSOLUTE 1
#define RELATIVE 2
#define TRANSPARENT 1
#define OPAQUE 2
#define DIFFERENCE 11
#define ERROR 0
#define NO_ERROR 0
#define DELETE (0x00010000L)
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define STRICT 1
#define Yield()
#define GetObject GetObjectW

// <qobjectdefs.h> without QT_NO_KEYWORDS
#define signals public
#define slots
#define emit
#define foreach wrong
#define forever for (;;)

// X11/X.h, X11/Xlib.h
#define None 0L
#define Success 0
#define Bool int
#define Status int
#define True 1
#define False 0
#define Always 2
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define Unsorted 0
#define CurrentTime 0L

// <sys/sysmacros.h>, <sys/param.h>, <sys/ioctl.h>, <termios.h>, <curses.h>, <strings.h>
#define major(device) wrong
#define minor(device) wrong
#define makedev(a, b) wrong
#define MIN(a, b) wrong
#define MAX(a, b) wrong
#define roundup(x, y) wrong
#define howmany(x, y) wrong
#define powerof2(x) wrong
#define isset(a, i) wrong
#define NBBY 8
#define NCC 8
#define B0 0000000
#define B50 0000001
#define NL0 0
#define CR0 0
#define BS0 0
#define ECHO 0000010
#define OK (0)
#define ERR (-1)
#define TRUE 1
#define FALSE 0
#define border(a, b, c, d, e, f, g, h) wrong
#define scroll(window) wrong
#define timeout(delay) wrong
#define index(string, c) wrong
#define stat wrong

// <AssertMacros.h> of old macOS SDKs
#define check(assertion) wrong
#define verify(assertion) wrong
#define require(assertion, label) wrong

// Arduino.h, AVR's and newlib's <ctype.h>
#define F(string) wrong
#define PI 3.1415926535897932384626433832795
#define HIGH 0x1
#define LOW 0x0
#define INPUT 0x0
#define OUTPUT 0x1
#define DEFAULT 1
#define bit(b) wrong
#define word(...) wrong
#define round(x) wrong
#define abs(x) wrong
#define sq(x) wrong
#define lowByte(w) wrong
#define highByte(w) wrong
#define A0 14
#define B1 1
#define _U 01
#define _L 02
#define _N 04
#define _S 010
#define _P 020
#define _C 040
#define _X 0100
#define _B 0200

// cpprest's U(), <tchar.h>, gettext, <linux/list.h> and its like, f2c.h, glib
#define U(x) wrong
#define _T(x) wrong
#define _(text) wrong
#define N_(text) wrong
#define swap(a, b) wrong
#define likely(x) wrong
#define unlikely(x) wrong
#define bit_test(a, b) wrong
#define ABS(a) wrong
#define CLAMP(x, low, high) wrong
#define BEGIN wrong
#define END wrong
#define EPSILON wrong

// One letter, as a function: X-macros, PHP, K&R's P()
#define A(x) wrong
#define B(x) wrong
#define C(x) wrong
#define D(x) wrong
#define E(x) wrong
#define K(x) wrong
#define L(x) wrong
#define M(x) wrong
#define N(x) wrong
#define P(x) wrong
#define R(x) wrong
#define S(x) wrong
#define V(x) wrong
#define W(x) wrong
#define X(x) wrong

// R's <Rinternals.h> without R_NO_REMAP renames what follows it, alike everywhere
#define length Rf_length
#define error Rf_error
#define warning Rf_warning
#define install Rf_install
#define match Rf_match
#define duplicate Rf_duplicate

// Old spellings that GNU dialects predefine
#ifndef linux
#define linux 1
#endif
#ifndef unix
#define unix 1
#endif
