import { Inject } from '@nestjs/common';

import { AUTHENTIK_OPTIONS } from '../authentik.constants.js';

/** Injects the {@link ResolvedAuthentikOptions}: checked, with defaults, the secret hidden from dumps. */
export const InjectAuthentikOptions = (): ParameterDecorator & PropertyDecorator => Inject(AUTHENTIK_OPTIONS);
