/* The distance between a client and name servers of this machine: delay, loss, and what was asked.
 *
 * Listens on port 53 of many addresses, hands each question to the name server (a port of
 * 127.0.0.1) that stands behind the address, and gives the answer back when the round-trip time of
 * the address is over, counted from the question. A datagram in either direction is lost with the
 * same chance. TCP takes one round trip more, for its handshake, and loses nothing.
 *
 *     network CONFIGURATION CONTROL
 *
 * CONFIGURATION has a line for each name server (`backend PORT`), for each address that is another
 * kind of client (`resolver ADDRESS`), and for each address that is served
 * (`address ADDRESS GROUP BACKEND MICROSECONDS`). CONTROL is a Unix socket that takes orders, one
 * a line, and says one line to each: see `obey`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 1024, BACKENDS = 16, GROUPS = 32, RESOLVERS = 8, BATCH = 64, LONGEST = 4096 };

static const struct { int number; const char *name; } kinds[] = {
    {1, "A"}, {2, "NS"}, {5, "CNAME"}, {6, "SOA"}, {16, "TXT"}, {28, "AAAA"}, {43, "DS"},
    {48, "DNSKEY"}, {257, "CAA"}, {-1, "other"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

typedef union { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; } address;

enum origin { PLACE, LISTENER, BACKEND, CONTROL, CONTROLLER, CLIENT, SERVER };
struct source { enum origin origin; int fd; int index; struct connection *connection; };

struct place { address at; int group, backend; int64_t round_trip; struct source udp, tcp; };
struct slot { int64_t arrived; address client; int place; uint16_t id; uint8_t used, counted; };
struct backend { int port; struct source udp; struct slot slots[65536]; uint16_t next; };
struct connection { struct source client, server; int place, counted, waiting, closed; int64_t last; };
struct letter { /* what is on its way back to a client; over TCP without bytes: the end */
    int64_t due; uint64_t number; struct connection *connection;
    address client; int place, counted, length; uint8_t bytes[];
};

static struct place places[PLACES];
static struct backend *backends[BACKENDS];
static address resolvers[RESOLVERS];
static int place_count, backend_count, resolver_count, poller;

static struct letter **heap;
static size_t heap_size, heap_room;
static uint64_t letter_number;

static struct {
    uint64_t asked[2][GROUPS][KINDS], at[PLACES], tcp, lost, again, resent, datagrams;
    int64_t first, last, flying, since;
    int in_flight;
} counted;
static uint64_t *seen;
static size_t seen_room, seen_count;

static double loss;
static int64_t fixed_round_trip;
static uint64_t random_state = 1, dropped_number;

static void fail(const char *what) { perror(what); exit(1); }

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int is_lost(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0 < loss;
}

static socklen_t length_of(const address *a) {
    return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

static int same_host(const address *a, const address *b) {
    if (a->any.sa_family != b->any.sa_family) return 0;
    if (a->any.sa_family == AF_INET) return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
    return !memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, 16);
}

static address parsed(const char *text, int port) {
    address a;
    memset(&a, 0, sizeof a);
    if (strchr(text, ':')) {
        a.v6.sin6_family = AF_INET6;
        a.v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, text, &a.v6.sin6_addr) != 1) fail(text);
    } else {
        a.v4.sin_family = AF_INET;
        a.v4.sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, text, &a.v4.sin_addr) != 1) fail(text);
    }
    return a;
}

static void watch(struct source *source) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, source->fd, &event)) fail("epoll_ctl");
}

static int opened(const address *at, int type, int bound) {
    int one = 1, room = 16 << 20;
    int fd = socket(at->any.sa_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (type == SOCK_DGRAM) {
        if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room))
            setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    if (bound && bind(fd, &at->any, length_of(at))) fail("bind");
    if (!bound && connect(fd, &at->any, length_of(at))) fail("connect");
    if (bound && type == SOCK_STREAM && listen(fd, 512)) fail("listen");
    return fd;
}

/* The heap of answers by the time when they are due; those of one instant in their order. */

static int before(const struct letter *a, const struct letter *b) {
    return a->due < b->due || (a->due == b->due && a->number < b->number);
}

static void push(struct letter *letter) {
    if (heap_size == heap_room) {
        heap_room = heap_room ? 2 * heap_room : 4096;
        heap = realloc(heap, heap_room * sizeof *heap);
        if (!heap) fail("realloc");
    }
    letter->number = letter_number++;
    size_t i = heap_size++;
    for (; i && before(letter, heap[(i - 1) / 2]); i = (i - 1) / 2) heap[i] = heap[(i - 1) / 2];
    heap[i] = letter;
}

static struct letter *pop(void) {
    struct letter *top = heap[0], *moved = heap[--heap_size];
    size_t i = 0, child;
    for (; (child = 2 * i + 1) < heap_size; i = child) {
        if (child + 1 < heap_size && before(heap[child + 1], heap[child])) child++;
        if (!before(heap[child], moved)) break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
    return top;
}

/* What is counted. */

static void begin_flight(int64_t at) {
    if (!counted.in_flight++) counted.since = at;
    if (!counted.first) counted.first = at;
}

static void end_flight(int64_t at) {
    if (!counted.in_flight) return; /* begun before a reset */
    counted.last = at;
    if (!--counted.in_flight) counted.flying += at - counted.since;
}

static int seen_before(uint64_t key) {
    if (2 * seen_count >= seen_room) {
        size_t room = seen_room ? 2 * seen_room : 1 << 16;
        uint64_t *grown = calloc(room, sizeof *grown);
        if (!grown) fail("calloc");
        for (size_t i = 0; i < seen_room; i++) {
            if (!seen[i]) continue;
            size_t j = seen[i] & (room - 1);
            while (grown[j]) j = (j + 1) & (room - 1);
            grown[j] = seen[i];
        }
        free(seen);
        seen = grown;
        seen_room = room;
    }
    key |= !key;
    size_t i = key & (seen_room - 1);
    for (; seen[i]; i = (i + 1) & (seen_room - 1))
        if (seen[i] == key) return 1;
    seen[i] = key;
    seen_count++;
    return 0;
}

static uint64_t hashed(uint64_t hash, const uint8_t *bytes, int length) {
    for (int i = 0; i < length; i++) {
        uint8_t byte = bytes[i] >= 'A' && bytes[i] <= 'Z' ? bytes[i] | 32 : bytes[i];
        hash = (hash ^ byte) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

/* Count a question; whether its client is one whose time counts, which a resolver's is not. */
static int count(const uint8_t *wire, int length, const address *client, int place) {
    int at = 12, kind = 0, do_bit = 0, resolver = 0;
    while (at < length && wire[at]) at += wire[at] + 1;
    if (at + 5 > length) return 0;
    int type = wire[at + 1] << 8 | wire[at + 2];
    if (at + 5 + 11 <= length && wire[11] == 1 && wire[at + 7] == 41) do_bit = wire[at + 12] & 128;
    while (kinds[kind].number != type && kinds[kind].number >= 0) kind++;
    for (int i = 0; i < resolver_count; i++) resolver |= same_host(client, &resolvers[i]);
    counted.asked[resolver][places[place].group][kind]++;
    if (resolver) return 0;
    counted.at[place]++;
    uint8_t where[] = {(uint8_t)place, (uint8_t)(place >> 8), (uint8_t)do_bit};
    uint8_t whence[] = {wire[0], wire[1], 0, 0};
    memcpy(whence + 2, &client->v4.sin_port, 2);
    uint64_t question = hashed(hashed(14695981039346656037u, wire + 12, at - 12 + 5), where, 3);
    uint8_t marked = 1;
    if (seen_before(hashed(hashed(question, whence, 4), &marked, 1))) counted.resent++;
    else if (seen_before(question)) counted.again += type != 16; /* TXT is asked round by round */
    return 1;
}

/* Datagrams. */

static int64_t round_trip(int place) {
    return fixed_round_trip ? fixed_round_trip : places[place].round_trip;
}

static void take_question(int place, const uint8_t *wire, int length, const address *client) {
    struct backend *backend = backends[places[place].backend];
    int64_t arrived = now();
    int counts = count(wire, length, client, place);
    if (counts && ++counted.datagrams == dropped_number) { counted.lost++; return; }
    if (is_lost()) { counted.lost += (uint64_t)counts; return; }
    struct slot *slot = &backend->slots[++backend->next];
    if (slot->used && slot->counted) end_flight(arrived);
    *slot = (struct slot){arrived, *client, place, 0, 1, (uint8_t)counts};
    memcpy(&slot->id, wire, 2);
    if (counts) begin_flight(arrived);
    uint8_t changed[LONGEST];
    memcpy(changed, wire, (size_t)length);
    uint16_t id = htons(backend->next);
    memcpy(changed, &id, 2);
    send(backend->udp.fd, changed, (size_t)length, 0);
}

static void take_answer(struct backend *backend, const uint8_t *wire, int length) {
    uint16_t id;
    memcpy(&id, wire, 2);
    struct slot *slot = &backend->slots[ntohs(id)];
    if (!slot->used) return;
    slot->used = 0;
    if (is_lost()) {
        if (slot->counted) { counted.lost++; end_flight(now()); }
        return;
    }
    struct letter *letter = malloc(sizeof *letter + (size_t)length);
    if (!letter) fail("malloc");
    *letter = (struct letter){.due = slot->arrived + round_trip(slot->place),
        .client = slot->client, .place = slot->place, .counted = slot->counted, .length = length};
    memcpy(letter->bytes, wire, (size_t)length);
    memcpy(letter->bytes, &slot->id, 2);
    push(letter);
}

static void receive(struct source *source) {
    static uint8_t bytes[BATCH][LONGEST];
    static address from[BATCH];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){bytes[i], LONGEST};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &from[i],
            .msg_namelen = sizeof from[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    }
    int got = recvmmsg(source->fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        int length = (int)messages[i].msg_len;
        if (length < 12) continue;
        if (source->origin == PLACE) take_question(source->index, bytes[i], length, &from[i]);
        else take_answer(backends[source->index], bytes[i], length);
    }
}

/* TCP: one connection to the name server for each of a client's. */

static void accept_one(struct source *listener) {
    address client;
    socklen_t size = sizeof client;
    int fd = accept4(listener->fd, &client.any, &size, SOCK_CLOEXEC);
    if (fd < 0) return;
    struct connection *c = calloc(1, sizeof *c);
    if (!c) fail("calloc");
    address server = parsed("127.0.0.1", backends[places[listener->index].backend]->port);
    c->place = listener->index;
    c->client = (struct source){CLIENT, fd, 0, c};
    c->server = (struct source){SERVER, opened(&server, SOCK_STREAM, 0), 0, c};
    c->last = now() + round_trip(c->place); /* the handshake */
    watch(&c->client);
    watch(&c->server);
}

static void close_connection(struct connection *c) {
    if (!c->closed) {
        close(c->client.fd);
        close(c->server.fd);
        while (c->counted) { c->counted--; end_flight(now()); }
    }
    c->closed = 1;
}

static void relay(struct source *source) {
    static uint8_t bytes[65537];
    struct connection *c = source->connection;
    if (c->closed) return;
    ssize_t got = recv(source->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return;
    if (source->origin == CLIENT) {
        if (got <= 0) { close_connection(c); return; }
        address client;
        socklen_t size = sizeof client;
        getpeername(source->fd, &client.any, &size);
        if (got > 14 && count(bytes + 2, (int)got - 2, &client, c->place)) {
            counted.tcp++;
            c->counted++;
            begin_flight(now());
        }
        if (c->last < now()) c->last = now();
        send(c->server.fd, bytes, (size_t)got, MSG_NOSIGNAL);
        return;
    }
    if (got < 0) got = 0;
    struct letter *letter = malloc(sizeof *letter + (size_t)got);
    if (!letter) fail("malloc");
    *letter = (struct letter){.due = c->last + (got ? round_trip(c->place) : 0),
        .connection = c, .length = (int)got};
    memcpy(letter->bytes, bytes, (size_t)got);
    if (!got) epoll_ctl(poller, EPOLL_CTL_DEL, c->server.fd, NULL);
    c->waiting++;
    push(letter);
}

static void deliver(struct letter *letter, int64_t at) {
    struct connection *c = letter->connection;
    if (!c) {
        struct place *place = &places[letter->place];
        sendto(place->udp.fd, letter->bytes, (size_t)letter->length, MSG_DONTWAIT,
            &letter->client.any, length_of(&letter->client));
        if (letter->counted) end_flight(at);
    } else {
        c->waiting--;
        if (!c->closed && letter->length)
            send(c->client.fd, letter->bytes, (size_t)letter->length, MSG_NOSIGNAL | MSG_DONTWAIT);
        else
            close_connection(c);
        if (!c->closed && c->counted) { c->counted--; end_flight(at); }
    }
    free(letter);
}

/* Orders. */

static void show_asked(FILE *out, int resolver) {
    fprintf(out, "{");
    for (int group = 0, groups = 0; group < GROUPS; group++) {
        int some = 0;
        for (int kind = 0; kind < KINDS; kind++) some |= counted.asked[resolver][group][kind] > 0;
        if (!some) continue;
        fprintf(out, "%s\"%d\": {", groups++ ? ", " : "", group);
        for (int kind = 0, shown = 0; kind < KINDS; kind++)
            if (counted.asked[resolver][group][kind])
                fprintf(out, "%s\"%s\": %" PRIu64, shown++ ? ", " : "", kinds[kind].name,
                    counted.asked[resolver][group][kind]);
        fprintf(out, "}");
    }
    fprintf(out, "}");
}

static void show_counted(FILE *out) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    double cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
        + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    int64_t flying = counted.flying + (counted.in_flight ? now() - counted.since : 0);
    fprintf(out, "{\"asked\": ");
    show_asked(out, 0);
    fprintf(out, ", \"resolver_asked\": ");
    show_asked(out, 1);
    fprintf(out, ", \"at\": [");
    for (int i = 0; i < place_count; i++) fprintf(out, "%s%" PRIu64, i ? ", " : "", counted.at[i]);
    fprintf(out, "], \"tcp\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"again\": %" PRIu64
        ", \"resent\": %" PRIu64 ", \"elapsed\": %.6f, \"flying\": %.6f, \"cpu\": %.6f}\n",
        counted.tcp, counted.lost, counted.again, counted.resent,
        (double)(counted.last - counted.first) / 1e9, (double)flying / 1e9, cpu);
}

/* reset SEED | loss CHANCE | round-trip MICROSECONDS (0: each address its own) | drop N (the Nth
 * datagram after a reset; 0: none) | move FIRST LAST BACKEND | counts */
static void obey(char *line, FILE *out) {
    int first, last, backend;
    double chance;
    uint64_t number;
    if (sscanf(line, "reset %" SCNu64, &number) == 1) {
        memset(&counted, 0, sizeof counted);
        free(seen);
        seen = NULL;
        seen_room = seen_count = 0;
        random_state = number * 2654435761u + 88172645463325252u;
    } else if (sscanf(line, "loss %lf", &chance) == 1) {
        loss = chance;
    } else if (sscanf(line, "round-trip %" SCNu64, &number) == 1) {
        fixed_round_trip = (int64_t)number * 1000;
    } else if (sscanf(line, "drop %" SCNu64, &number) == 1) {
        dropped_number = number;
    } else if (sscanf(line, "move %d %d %d", &first, &last, &backend) == 3) {
        for (int i = first; i <= last; i++) places[i].backend = backend;
    } else if (!strcmp(line, "counts")) {
        show_counted(out);
        return;
    } else {
        fprintf(out, "what is %s?\n", line);
        return;
    }
    fprintf(out, "done\n");
}

static void take_orders(struct source *source) {
    char line[256];
    ssize_t got = recv(source->fd, line, sizeof line - 1, 0);
    if (got > 0) {
        line[got] = 0;
        line[strcspn(line, "\n")] = 0;
        FILE *out = fdopen(dup(source->fd), "w");
        obey(line, out);
        fclose(out);
    } else {
        close(source->fd);
        free(source);
    }
}

static void configure(const char *path) {
    char line[256], text[64];
    int group, backend, port;
    int64_t round_trip;
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "backend %d", &port) == 1) {
            struct backend *b = backends[backend_count] = calloc(1, sizeof *b);
            if (!b) fail("calloc");
            address at = parsed("127.0.0.1", port);
            b->port = port;
            b->udp = (struct source){BACKEND, opened(&at, SOCK_DGRAM, 0), backend_count++, NULL};
            watch(&b->udp);
        } else if (sscanf(line, "resolver %63s", text) == 1) {
            resolvers[resolver_count++] = parsed(text, 0);
        } else if (sscanf(line, "address %63s %d %d %" SCNd64, text, &group, &backend,
                       &round_trip) == 4) {
            struct place *p = &places[place_count];
            *p = (struct place){parsed(text, 53), group, backend, round_trip * 1000, {0}, {0}};
            p->udp = (struct source){PLACE, opened(&p->at, SOCK_DGRAM, 1), place_count, NULL};
            p->tcp = (struct source){LISTENER, opened(&p->at, SOCK_STREAM, 1), place_count, NULL};
            watch(&p->udp);
            watch(&p->tcp);
            place_count++;
        }
    }
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "usage: network CONFIGURATION CONTROL\n"); return 2; }
    poller = epoll_create1(EPOLL_CLOEXEC);
    configure(argv[1]);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strncpy(at.sun_path, argv[2], sizeof at.sun_path - 1);
    struct source control = {CONTROL, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0, NULL};
    if (bind(control.fd, (struct sockaddr *)&at, sizeof at) || listen(control.fd, 8)) fail(argv[2]);
    watch(&control);
    for (;;) {
        struct epoll_event events[BATCH];
        int wait = -1;
        if (heap_size) {
            int64_t left = heap[0]->due - now();
            wait = left <= 0 ? 0 : (int)((left + 999999) / 1000000);
        }
        int ready = epoll_wait(poller, events, BATCH, wait);
        for (int i = 0; i < ready; i++) {
            struct source *source = events[i].data.ptr;
            switch (source->origin) {
            case PLACE: case BACKEND: receive(source); break;
            case LISTENER: accept_one(source); break;
            case CLIENT: case SERVER: relay(source); break;
            case CONTROLLER: take_orders(source); break;
            case CONTROL: {
                struct source *orders = calloc(1, sizeof *orders);
                if (!orders) fail("calloc");
                *orders = (struct source){CONTROLLER, accept(control.fd, NULL, NULL), 0, NULL};
                watch(orders);
            }
            }
        }
        for (int64_t at = now(); heap_size && heap[0]->due <= at;) deliver(pop(), at);
    }
}
