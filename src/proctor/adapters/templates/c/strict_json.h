/* Reads one strict JSON text and gives an object's members as the texts they came as, so that nothing of them is altered.
 * Refuses members of one name, and numbers that no double is near to. */
#ifndef STRICT_JSON_H
#define STRICT_JSON_H

#include <stddef.h>

typedef struct {
    char *name;        /* unescaped; half a surrogate pair is kept as three bytes, and U+0000 as C0 80 */
    const char *text;  /* the value's JSON text, inside what was read */
    size_t length;
} member;

typedef struct {
    member *list;
    size_t count;
} members;

/* NULL if the text is one object, which is then to be freed; otherwise what is wrong with it. */
const char *read_object(const char *text, size_t length, members *found);
void free_members(members *found);

/* The member of that name, or NULL. */
const member *find(const members *found, const char *name);

/* The string that a member stands for, to be freed; NULL if there is no such member, or it is none. */
char *string_of(const member *given);

/* The text as a JSON string, to be freed. */
char *quoted(const char *text);

/* malloc and realloc that end the program where there is no memory. */
void *allocated(void *old, size_t size);

#endif
