// SPDX-License-Identifier: Apache-2.0
#ifndef METALLB_PACKET_SOCKET_H
#define METALLB_PACKET_SOCKET_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A classic BPF program as setsockopt takes it; with length 0 everything passes. */
typedef struct sock_fprog packet_filter;

/* Whether this process may open packet sockets at all. Returns 0 or -errno. */
int packet_permitted(void);

/* Opens a non-blocking packet socket for one EtherType on one interface. Returns the descriptor or -errno. */
int packet_open(uint16_t ethertype, int32_t ifindex, const packet_filter *filter);

/* Hooks a socket into an interface, again if need be. Returns 0 or -errno. */
int packet_bind(int fd, uint16_t ethertype, int32_t ifindex);

/* Whether the interface it was hooked into has been removed, be there a new one with its index or not. */
bool packet_unhooked(int fd);

/* Replaces the filter. Returns 0 or -errno; after an error the socket has no filter and gets every frame. */
int packet_set_filter(int fd, const packet_filter *filter);

/* Sends one whole frame. Returns 0 or -errno. */
int packet_send(int fd, const uint8_t *frame, size_t len);

#endif
