/** The groups of whoever is benched, and the one that every route asks for. */
export const groups = Array.from({ length: 20 }, (_, index) => `team-${String(index).padStart(2, '0')}`);
export const [benchGroup] = groups;
