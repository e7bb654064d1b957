/* The reference controller as a Linux program with simulated steel.
 *
 *   bank lines SEED START_MS MOVING AISLE_MM SPEED  control lines on stdin; time passes only by `run MS`
 *   bank pty UNIT MOVING AISLE_MM SPEED             bus and read-only service port on ptys, in real time
 *
 * `hear HEX`, `piece HEX` (no silence behind it) and `look HEX` (service port) are answered by the frames sent, in hex.
 */
#define _DEFAULT_SOURCE
#define _XOPEN_SOURCE 600
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "demo_bank.h"
#include "host.h"
#include "steel.h"

#define LINE_MOST 8192
#define WAIT_MS 3

static int port_fd[PORTS] = {-1, -1};
static char sent[LINE_MOST]; /* frames of the present line, in hex */
static size_t sent_count;

void hal_write(uint8_t port, const uint8_t *octets, uint16_t count)
{
    if (port_fd[port] >= 0) {
        /* What a full pty doesn't take is lost, as on a line that nobody reads. */
        if (write(port_fd[port], octets, count) != (ssize_t)count)
            fprintf(stderr, "port %u: answer lost\n", port);
        return;
    }
    for (uint16_t i = 0; i < count && sent_count + 4 < sizeof sent; i++)
        sent_count += (size_t)snprintf(sent + sent_count, 3, "%02x", octets[i]);
    if (sent_count + 4 < sizeof sent)
        sent_count += (size_t)snprintf(sent + sent_count, 2, " ");
}

static void obey(char *line)
{
    char answer[256];

    sent_count = 0;
    sent[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    host_obey(line, answer, sizeof answer);
    printf("%s%s\n", answer, sent_count != 0u ? sent : "");
    fflush(stdout);
}

static int open_pty(uint8_t port)
{
    struct termios raw;
    int user_fd;

    port_fd[port] = posix_openpt(O_RDWR | O_NOCTTY);
    if (port_fd[port] < 0 || grantpt(port_fd[port]) != 0 || unlockpt(port_fd[port]) != 0)
        return -1;
    /* Kept open, so that the pty lives while nobody uses it. */
    user_fd = open(ptsname(port_fd[port]), O_RDWR | O_NOCTTY);
    if (user_fd < 0 || tcgetattr(user_fd, &raw) != 0)
        return -1;
    cfmakeraw(&raw);
    raw.c_cflag |= CSTOPB;
    if (tcsetattr(user_fd, TCSANOW, &raw) != 0 || fcntl(port_fd[port], F_SETFL, O_NONBLOCK) != 0)
        return -1;
    return user_fd;
}

static uint32_t real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u);
}

static void hear_port(uint8_t port, const struct pollfd *ready)
{
    uint8_t octets[512];
    ssize_t count = 0;

    if ((ready->revents & POLLIN) != 0)
        count = read(port_fd[port], octets, sizeof octets);
    /* A terminal keeps no silences; a turn without bytes is one. */
    host_hear(port, octets, count > 0 ? (uint16_t)count : (uint16_t)0u, count <= 0);
}

/* Ports, control lines and clock in turn until stdin ends. */
static int serve(void)
{
    static char line[LINE_MOST];
    struct pollfd ready[3] = {{0, POLLIN, 0}, {port_fd[0], POLLIN, 0}, {port_fd[1], POLLIN, 0}};
    uint32_t seen_ms = real_ms();

    for (;;) {
        const int count = poll(ready, 3, WAIT_MS);
        const uint32_t now_ms = real_ms();

        host_run(now_ms - seen_ms);
        seen_ms = now_ms;
        for (uint8_t port = 0; port < PORTS; port++)
            hear_port(port, &ready[port + 1]);
        if (count > 0 && (ready[0].revents & (POLLIN | POLLHUP)) != 0) {
            if (fgets(line, sizeof line, stdin) == NULL)
                return 0;
            obey(line);
        }
    }
}

static long argument(int argc, char **argv, int at, long otherwise)
{
    return argc > at ? strtol(argv[at], NULL, 10) : otherwise;
}

/* Lay the bank out by the arguments from `at` on. */
static void place(int argc, char **argv, int at, uint64_t seed)
{
    demo_bank_lay_out(&host.plan, (uint8_t)argument(argc, argv, at, 10), (uint16_t)argument(argc, argv, at + 1, 800),
                      (uint16_t)argument(argc, argv, at + 2, 80));
    steel_place(&host.plan, seed | 1u);
}

static int serve_ptys(int argc, char **argv)
{
    host.unit = (uint8_t)argument(argc, argv, 2, 1);
    place(argc, argv, 3, (uint64_t)real_ms() << 20 ^ (uint64_t)getpid());
    if (open_pty(PORT_BUS) < 0 || open_pty(PORT_SERVICE) < 0) {
        perror("pty");
        return 1;
    }
    host_power_on();
    printf("%s\n", ptsname(port_fd[PORT_BUS]));
    printf("%s\n", ptsname(port_fd[PORT_SERVICE]));
    fflush(stdout);
    /* One line, one answer: stdio must not hold lines back from poll. */
    setvbuf(stdin, NULL, _IONBF, 0);
    return serve();
}

static int serve_lines(int argc, char **argv)
{
    static char line[LINE_MOST];

    host.unit = 17;
    steel.now_ms = (uint32_t)argument(argc, argv, 3, 0);
    place(argc, argv, 4, (uint64_t)argument(argc, argv, 2, 1) * 0x9E3779B97F4A7C15u);
    host_power_on();
    while (fgets(line, sizeof line, stdin) != NULL)
        obey(line);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "lines") == 0)
        return serve_lines(argc, argv);
    if (argc >= 2 && strcmp(argv[1], "pty") == 0)
        return serve_ptys(argc, argv);
    fprintf(stderr, "usage: bank lines [SEED START_MS MOVING AISLE_MM SPEED_MM_S] | bank pty [UNIT MOVING AISLE_MM SPEED_MM_S]\n");
    return 2;
}
